// SPDX-License-Identifier: Apache-2.0

internal import Hashing
internal import OCI
internal import AsyncPrimitives

/// A blob that is being uploaded, hashed as it arrives.
final class UploadSession: Sendable {
    let id: String
    let repository: String
    /// The value of `_state` that every request must have, because clients must keep the query.
    let stamp: String
    private let keepsBytes: Bool
    private let state: Mutex<State>

    private struct State: ~Copyable {
        var hasher: DigestHasher? = DigestHasher()
        var pieces: [[UInt8]] = []
        var count = 0
    }

    init(repository: String, keepsBytes: Bool) {
        var generator = SystemRandomNumberGenerator()
        id = String(UInt64.random(in: 1 << 60 ... .max, using: &generator), radix: 16)
        stamp = String(UInt64.random(in: 1 << 60 ... .max, using: &generator), radix: 36)
        self.repository = repository
        self.keepsBytes = keepsBytes
        state = Mutex(State())
    }

    /// The number of bytes received.
    var count: Int { state.withLock { $0.count } }

    func append(_ bytes: [UInt8]) {
        state.withLock { state in
            state.hasher?.update(bytes)
            state.count += bytes.count
            if keepsBytes { state.pieces.append(bytes) }
        }
    }

    /// Completes the upload; returns the blob, or `nil` if its digest is not `expected`.
    func finish(expecting expected: Digest) -> Bytes? {
        state.withLock { state in
            guard let digest = state.hasher.take()?.finish() else { return nil }
            let bytes = keepsBytes ? Bytes(pieces: state.pieces) : Bytes(discarded: state.count)
            state.pieces = []
            switch expected.algorithm {
            case .sha256: return digest == expected ? bytes : nil
            case .sha512:
                return keepsBytes && Digest.of(bytes.contiguous, .sha512) == expected ? bytes : nil
            }
        }
    }
}
