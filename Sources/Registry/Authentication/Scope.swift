// SPDX-License-Identifier: Apache-2.0

/// A token scope: actions on one repository, such as `repository:library/busybox:pull`.
///
/// Source: distribution's token scope grammar.
struct Scope: Hashable, Sendable {
    /// An action.
    enum Action: String, Sendable, CaseIterable {
        case pull
        case push
        /// Azure's permission to list tags, which its scope maps grant separately from `pull`.
        case metadataRead = "metadata_read"
        /// Requested for deletions only, because Quay's parser fails on it.
        case delete
    }

    /// The path of the repository.
    let repository: String
    /// The requested actions.
    let actions: Set<Action>
}

extension Scope: CustomStringConvertible {
    /// The text of the `scope` parameter, with actions in a stable order.
    var description: String {
        "repository:\(repository):" + actions.map(\.rawValue).sorted().joined(separator: ",")
    }
}

extension Scope {
    /// Parses the `scope` parameter of a challenge.
    ///
    /// Scopes of other types, and actions that are never requested, are ignored.
    static func all(in text: String) -> [Scope] {
        text.split(separator: " ").compactMap { word in
            guard word.hasPrefix("repository:"), let colon = word.lastIndex(of: ":") else {
                return nil
            }
            let repository = word[..<colon].dropFirst("repository:".count)
            let actions = word[colon...].dropFirst().split(separator: ",").compactMap {
                Action(rawValue: String($0))
            }
            let wanted = Set(actions).subtracting([.delete])
            guard !repository.isEmpty, !wanted.isEmpty else { return nil }
            return Scope(repository: String(repository), actions: wanted)
        }
    }
}

/// The access that a request needs, which determines its scopes and its credential.
struct Access: Hashable, Sendable {
    /// The repository of the request; empty if there is none.
    let repository: String
    /// A Boolean value that indicates whether the request writes.
    let writes: Bool
    /// The path of another repository from which a blob is mounted.
    var sibling: String?
    /// A Boolean value that indicates whether the request deletes.
    var deletes = false

    /// The access of requests without a repository.
    static let none = Access(repository: "", writes: false)

    static func pull(_ repository: String) -> Access {
        Access(repository: repository, writes: false)
    }
    static func push(_ repository: String) -> Access {
        Access(repository: repository, writes: true)
    }

    /// The scopes to request, with the one for writing first, because some servers honor only one.
    var scopes: [Scope] {
        guard !repository.isEmpty else { return [] }
        var actions: Set<Scope.Action> = writes ? [.pull, .push] : [.pull]
        if deletes { actions.insert(.delete) }
        return [Scope(repository: repository, actions: actions)]
            + (sibling.map { [Scope(repository: $0, actions: [.pull])] } ?? [])
    }

    /// Returns the scopes, extended by what a challenge names if the request can use it.
    ///
    /// A registry cannot have a token issued for another repository than the request's and the
    /// one it mounts from, nor one that writes for a request that reads.
    func scopes(and named: [Scope]) -> [Scope] {
        scopes.map { scope in
            let more = named.filter { $0.repository == scope.repository }
                .reduce(into: Set<Scope.Action>()) { $0.formUnion($1.actions) }
            let useful: Set<Scope.Action> = [.pull, .metadataRead]
            return Scope(
                repository: scope.repository,
                actions: scope.actions.union(more.intersection(useful)))
        }
    }
}

/// Repositories that are read in the same run and share a token.
///
/// Token servers are often the slowest part of a registry and limit requests, too.
///
/// Source: Docker Hub and Azure grant several repositories in one token (dotnet/docker-tools#403);
/// some others honor only the first one, or reject a token for another repository.
struct SharedTokenScopes: Sendable {
    /// The maximum number of repositories per token, because their names are part of a URL.
    static let maximumCount = 20

    private var groupIndices: [String: Int] = [:]
    private var groups: [[String]] = []
    /// The repositories for which a shared token was rejected.
    private var excluded: Set<String> = []
    private var isSupported: Bool

    init(isSupported: Bool) {
        self.isSupported = isSupported
    }

    /// Records repositories that will be read.
    mutating func expect(_ paths: [String]) {
        guard isSupported else { return }
        for path in paths where groupIndices[path] == nil {
            if groups.last.map({ $0.count >= Self.maximumCount }) ?? true { groups.append([]) }
            groupIndices[path] = groups.count - 1
            groups[groups.count - 1].append(path)
        }
    }

    /// Returns the scopes for a token that also covers other repositories, the same for each of
    /// them, or `nil` if there are none.
    func scopes(for access: Access) -> [Scope]? {
        guard isSupported, !access.writes, access.sibling == nil,
            !excluded.contains(access.repository),
            let index = groupIndices[access.repository], groups[index].count > 1
        else { return nil }
        return groups[index].map { Scope(repository: $0, actions: [.pull]) }
    }

    /// Records that a shared token was rejected for a repository.
    mutating func exclude(_ access: Access) { excluded.insert(access.repository) }

    /// Records that a token server issues no shared tokens.
    mutating func recordUnsupported() { isSupported = false }
}
