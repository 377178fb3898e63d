// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import Mirroring
internal import OCI
internal import Registry

/// The repositories that a run created and that do not allow anonymous pulls.
///
/// This can be intended. Clusters without a pull secret cannot use these repositories, so the
/// report names them.
struct PrivateRepositories {
    private let counts: [RegistryHost: [String]]

    init(_ report: SyncReport) {
        var counts: [RegistryHost: [String]] = [:]
        for target in report.outcomes.flatMap(\.targets) where target.isPublic == false {
            guard case .repository(let repository) = target.location else { continue }
            counts[repository.registry, default: []].append(repository.description)
        }
        self.counts = counts
    }

    /// One line per registry, with the number of repositories, an example and a suggestion.
    var lines: [String] {
        counts.sorted { $0.key.name < $1.key.name }.map { host, names in
            let repositories = counted(names.count, "new repository", plural: "new repositories")
            return
                "\(repositories) at \(host) \(names.count == 1 ? "is" : "are") not public, such as "
                + "\(names[0]); \(RegistryProfile.of(host).visibilityAdvice)"
        }
    }
}
