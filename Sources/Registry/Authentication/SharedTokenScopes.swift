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
        var groupIndices: [String: Int] = [:]
        var groups: [[String]] = []
        /// The repositories for which a shared token was rejected.
        var excluded: Set<String> = []
        var isUnsupported = false
    }

    private let state = Mutex(State())
    private let isSupported: Bool

    init(at host: RegistryHost) {
        isSupported = host == .dockerHub || AzureCloud(of: host) != nil
    }

    /// Records repositories that will be read.
    func expect(_ paths: [String]) {
        guard isSupported else { return }
        state.withLock { state in
            for path in paths where state.groupIndices[path] == nil {
                if state.groups.last.map({ $0.count >= Self.maximumCount }) ?? true {
                    state.groups.append([])
                }
                state.groupIndices[path] = state.groups.count - 1
                state.groups[state.groups.count - 1].append(path)
            }
        }
    }

    /// Returns the scopes for a token that also covers other repositories, the same for each of
    /// them, or `nil` if there are none.
    func scopes(for access: Access) -> [Scope]? {
        guard !access.writes, access.sibling == nil else { return nil }
        return state.withLock { state in
            guard !state.isUnsupported, !state.excluded.contains(access.repository),
                let index = state.groupIndices[access.repository], state.groups[index].count > 1
            else { return nil }
            return state.groups[index].map { Scope(repository: $0, actions: [.pull]) }
        }
    }

    /// Records that a shared token was rejected for a repository.
    ///
    /// Returns `false` if the repository has no shared token.
    func exclude(_ access: Access) -> Bool {
        guard scopes(for: access) != nil else { return false }
        return state.withLock { $0.excluded.insert(access.repository).inserted }
    }

    /// Records that a token server issues no shared tokens.
    func recordUnsupported() { state.withLock { $0.isUnsupported = true } }
}
