// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import Synchronization

/// Repositories that are read in the same run and share a token.
///
/// Token servers are often the slowest part of a registry and limit requests, too.
///
/// Source: Docker Hub and Azure grant several repositories in one token (dotnet/docker-tools#403);
/// some others honor only the first one, or reject a token for another repository.
final class SharedTokenScopes: Sendable {
    /// The maximum number of repositories per token, because their names are part of a URL.
    static let maximumCount = 20

    private struct State {
        var places: [String: Int] = [:]
        var groups: [[String]] = []
        /// The repositories for which a shared token was rejected.
        var loners: Set<String> = []
        var isDisbanded = false
    }

    private let state = Mutex(State())
    private let isWelcome: Bool

    init(at host: RegistryHost) {
        isWelcome = host == .dockerHub || AzureCloud(of: host) != nil
    }

    /// Records repositories that will be read.
    func expect(_ paths: [String]) {
        guard isWelcome else { return }
        state.withLock { state in
            for path in paths where state.places[path] == nil {
                if state.groups.last.map({ $0.count >= Self.maximumCount }) ?? true {
                    state.groups.append([])
                }
                state.places[path] = state.groups.count - 1
                state.groups[state.groups.count - 1].append(path)
            }
        }
    }

    /// Returns the scopes for a token that also covers other repositories, the same for each of
    /// them, or `nil` if there are none.
    func scopes(for access: Access) -> [Scope]? {
        guard !access.writes, access.sibling == nil else { return nil }
        return state.withLock { state in
            guard !state.isDisbanded, !state.loners.contains(access.repository),
                let place = state.places[access.repository], state.groups[place].count > 1
            else { return nil }
            return state.groups[place].map { Scope(repository: $0, actions: [.pull]) }
        }
    }

    /// Records that a shared token was rejected for a repository.
    ///
    /// Returns whether it had one.
    func leave(_ access: Access) -> Bool {
        guard scopes(for: access) != nil else { return false }
        return state.withLock { $0.loners.insert(access.repository).inserted }
    }

    /// Records that a token server issues no shared tokens.
    func disband() { state.withLock { $0.isDisbanded = true } }
}
