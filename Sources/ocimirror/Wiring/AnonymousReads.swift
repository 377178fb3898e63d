// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import OCI
internal import Registry
internal import Synchronization

/// The repositories of a run that were read without the credentials that were refused for them.
///
/// A run that went well all the same would hide a lapsed secret, so its report names them.
final class AnonymousReads: Sendable {
    private let repositories = Mutex<Set<Repository>>([])

    func note(_ event: RegistryEvent) {
        guard case .anonymousFallback(let repository, _) = event else { return }
        _ = repositories.withLock { $0.insert(repository) }
    }

    func contains(_ location: StoreLocation) -> Bool {
        guard case .repository(let repository) = location else { return false }
        return repositories.withLock { $0.contains(repository) }
    }
}
