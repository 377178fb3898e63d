// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives

/// Values that are read once in a run, regardless of how many images and targets need them.
struct RunCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private enum Entry {
        case pending
        case known(Result<Value, CopyError>)
    }

    private let entries = AsyncCondition<[Key: Entry]>([:])

    /// Returns the value for `key`, reading it unless this run has read it already.
    ///
    /// Concurrent tasks share one read and its failure. After a canceled read, the next task reads
    /// again.
    ///
    /// - Throws: ``CopyError`` or `CancellationError`.
    func value(for key: Key, _ read: () async throws -> Value) async throws -> Value {
        let known: Result<Value, CopyError>? = try await entries.take { entries in
            switch entries[key] {
            case .pending: return nil
            case .known(let result): return .some(result)
            case nil:
                entries[key] = .pending
                return .some(nil)
            }
        }
        if let known { return try known.get() }
        do {
            let value = try await read()
            entries.change { $0[key] = .known(.success(value)) }
            return value
        } catch let error as CopyError where !Task.isCancelled {
            entries.change { $0[key] = .known(.failure(error)) }
            throw error
        } catch {
            entries.change { $0[key] = nil }
            throw error
        }
    }
}
