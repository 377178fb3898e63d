// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import Mirroring
internal import OCI

/// Repositories that a run has made and that nobody can pull from without credentials.
///
/// That may be as it should be. Who mirrors for clusters without a pull secret wants to know before
/// they do.
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

    /// A line for each registry: how many, an example, and what can be done.
    var lines: [String] {
        counts.sorted { $0.key.name < $1.key.name }.map { host, names in
            let repositories = counted(names.count, "new repository", plural: "new repositories")
            return "\(repositories) at \(host) cannot be pulled without credentials, such as "
                + "\(names[0]); \(Self.advice(for: host))"
        }
    }

    /// Source: GitHub's package settings, Azure's and Quay's documentation of visibility.
    private static func advice(for host: RegistryHost) -> String {
        let secret = "give clusters a pull secret"
        if host.name == "ghcr.io" {
            return "\(secret), or make the packages public in their settings on GitHub"
        }
        if host.name == "quay.io" { return "\(secret), or make them public in their settings" }
        if host.name.contains(".azurecr.") {
            return "\(secret) or the role AcrPull, or allow anonymous pulls of the registry"
        }
        return "\(secret), or let everybody read there"
    }
}
