// SPDX-License-Identifier: Apache-2.0

/// What a token is asked for: actions on one repository, `repository:library/busybox:pull`.
///
/// Source: distribution's token scope grammar.
struct Scope: Hashable, Sendable {
    /// What may be done.
    ///
    /// `delete` is never asked for: Quay's parser breaks on it.
    enum Action: String, Sendable, CaseIterable {
        case pull
        case push
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

/// What a request is about to do, and so which scopes and which credential it needs.
struct Access: Hashable, Sendable {
    /// The repository that the request names.
    let repository: String
    /// Whether the request writes.
    let writes: Bool
    /// The path of another repository that a blob is mounted from.
    var sibling: String?

    static func pull(_ repository: String) -> Access {
        Access(repository: repository, writes: false)
    }
    static func push(_ repository: String) -> Access {
        Access(repository: repository, writes: true)
    }

    /// The scopes to ask for; the one for writing first, since some servers honour only one.
    var scopes: [Scope] {
        [Scope(repository: repository, actions: writes ? [.pull, .push] : [.pull])]
            + (sibling.map { [Scope(repository: $0, actions: [.pull])] } ?? [])
    }
}
