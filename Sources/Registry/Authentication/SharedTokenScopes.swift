// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import Synchronization

/// Repositories that will be read in the same run, and so share a token.
///
/// A token server is a registry's narrowest place, and counts its requests too.
///
/// Source: Docker Hub and Azure grant several repositories in one token (dotnet/docker-tools#403); some
/// others honour the first one only, or refuse a token for another repository.
final class SharedTokenScopes: Sendable {
    /// How many repositories one token covers: their names travel in a URL.
    static let maximumCount = 20

    private struct State {
        var places: [String: Int] = [:]
        var groups: [[String]] = []
        /// Repositories that a shared token did not do for.
        var loners: Set<String> = []
        var isDisbanded = false
    }

    private let state = Mutex(State())
    private let isWelcome: Bool

    init(at host: RegistryHost) {
        isWelcome = host == .dockerHub || AzureCloud(of: host) != nil
    }

    /// Takes note of repositories that will be read.
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

    /// What to ask for so that a request's token does for its companions too, the same for each of them;
    /// nil where it has none.
    func scopes(for access: Access) -> [Scope]? {
        guard !access.writes, access.sibling == nil else { return nil }
        return state.withLock { state in
            guard !state.isDisbanded, !state.loners.contains(access.repository),
                let place = state.places[access.repository], state.groups[place].count > 1
            else { return nil }
            return state.groups[place].map { Scope(repository: $0, actions: [.pull]) }
        }
    }

    /// Notes that a shared token did not do for a repository; returns whether it had one.
    func leave(_ access: Access) -> Bool {
        guard scopes(for: access) != nil else { return false }
        return state.withLock { $0.loners.insert(access.repository).inserted }
    }

    /// Notes that a token server gives no shared tokens.
    func disband() { state.withLock { $0.isDisbanded = true } }
}
