// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import OCI
internal import Registry
internal import AsyncPrimitives

/// Collects the credential events of a run.
///
/// A run that succeeds anonymously would otherwise hide an expired secret.
final class CredentialLog: Sendable {
    /// A credential, by the registry that it is for and the label of its source.
    private struct Key: Hashable {
        let registry: RegistryHost
        let source: String
    }

    private struct State {
        var rejected: [Key: Set<RejectedCredential>] = [:]
        var accepted: Set<Key> = []
        var anonymousReads: [Key: Set<Repository>] = [:]
    }

    private let state = Mutex(State())

    /// Records an event; most of them are not about credentials.
    func record(_ event: RegistryEvent) {
        switch event {
        case .credentialRejected(let credential):
            let key = Key(registry: credential.registry, source: credential.source)
            _ = state.withLock { $0.rejected[key, default: []].insert(credential) }
        case .credentialAccepted(let host, let source):
            _ = state.withLock { $0.accepted.insert(Key(registry: host, source: source)) }
        case .anonymousFallback(let repository, let source):
            let key = Key(registry: repository.registry, source: source)
            _ = state.withLock { $0.anonymousReads[key, default: []].insert(repository) }
        case .requestFinished, .retryWaiting, .hostGivenUp, .credentialUsed, .credentialTrimmed,
            .pullsRemaining, .warningReceived,
            .invalidTagsSkipped:
            break
        }
    }

    /// The findings so far, sorted by registry and source.
    ///
    /// A credential that was accepted elsewhere and met a 403 only lacks a right, or the repository
    /// does not exist. That is a failure of one image, not a finding about the credential.
    var findings: CredentialFindings {
        CredentialFindings(
            state.withLock { state in
                state.rejected.flatMap { key, credentials in
                    let reads = (state.anonymousReads[key] ?? []).sorted {
                        $0.description < $1.description
                    }
                    return credentials.filter {
                        $0.isCertain || !reads.isEmpty || !state.accepted.contains(key)
                    }.map { CredentialFinding(credential: $0, anonymousReads: reads) }
                }
            })
    }
}
