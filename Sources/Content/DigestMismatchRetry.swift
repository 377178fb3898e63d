// SPDX-License-Identifier: Apache-2.0

/// Performs an operation, and repeats it once after a digest mismatch.
///
/// The bytes may have been corrupted in transit. Only a second mismatch means that the stored
/// content is corrupt.
///
/// - Throws: The error of the last call.
public func retryingOnDigestMismatch<Value>(_ operation: () async throws -> Value) async throws
    -> Value
{
    do {
        return try await operation()
    } catch let error as any ContentFailure where error.failureClass == .integrity {
        return try await operation()
    }
}
