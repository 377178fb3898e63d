// SPDX-License-Identifier: Apache-2.0

/// Moves content, and once more where it turned out to be other bytes than it should be.
///
/// What spoilt them may have been the way and not the place: only the second time they count as what
/// is kept there.
///
/// - Throws: what `move` throws, the second time where there was one.
public func retryingOnDigestMismatch<Value>(_ move: () async throws -> Value) async throws -> Value
{
    do {
        return try await move()
    } catch let error as any ContentFailure where error.failureClass == .integrity {
        return try await move()
    }
}
