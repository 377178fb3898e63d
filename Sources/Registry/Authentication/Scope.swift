// SPDX-License-Identifier: Apache-2.0

/// What a token is asked for: actions on one repository, `repository:library/busybox:pull`.
///
/// Source: distribution's token scope grammar.
struct Scope: Hashable, Sendable {
    /// What may be done.
    enum Action: String, Sendable, CaseIterable {
        case pull
        case push
        /// Azure's right to list tags, which its scope maps grant apart from `pull`.
        case metadataRead = "metadata_read"
        /// Asked for where something is deleted, and nowhere else: Quay's parser breaks on it.
        case delete
    }

    /// The repository's path.
    let repository: String
    /// What is asked for there.
    let actions: Set<Action>
}

extension Scope: CustomStringConvertible {
    /// The text of the `scope` parameter, actions in a stable order.
    var description: String {
        "repository:\(repository):" + actions.map(\.rawValue).sorted().joined(separator: ",")
    }
}

extension Scope {
    /// Reads the `scope` parameter of a challenge; what is no repository's is left out, and so are
    /// actions that are never asked for.
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

/// What a request is about to do, and so which scopes and which credential it needs.
struct Access: Hashable, Sendable {
    /// The repository that the request names; empty where it names none.
    let repository: String
    /// Whether the request writes.
    let writes: Bool
    /// The path of another repository that a blob is mounted from.
    var sibling: String?
    /// Whether it deletes.
    var deletes = false

    /// For requests to the registry as a whole.
    static let none = Access(repository: "", writes: false)

    static func pull(_ repository: String) -> Access {
        Access(repository: repository, writes: false)
    }
    static func push(_ repository: String) -> Access {
        Access(repository: repository, writes: true)
    }

    /// The scopes to ask for; the one for writing first, since some servers honour only one.
    var scopes: [Scope] {
        guard !repository.isEmpty else { return [] }
        var actions: Set<Scope.Action> = writes ? [.pull, .push] : [.pull]
        if deletes { actions.insert(.delete) }
        return [Scope(repository: repository, actions: actions)]
            + (sibling.map { [Scope(repository: $0, actions: [.pull])] } ?? [])
    }

    /// The scopes, with what a challenge names beyond them where the request has any use for it.
    ///
    /// A registry cannot have a token made for another repository than the request's own and the
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
