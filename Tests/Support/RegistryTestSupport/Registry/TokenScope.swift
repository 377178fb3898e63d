// SPDX-License-Identifier: Apache-2.0

/// The permissions of a token in one repository: `repository:library/app:pull,push`.
///
/// Source: the distribution project's token specification § Resource Scope Grammar.
public struct TokenScope: Hashable, Sendable, CustomStringConvertible {
    /// The repository's path.
    public let repository: String
    /// The actions, such as `pull`, `push` and `delete`.
    public let actions: Set<String>

    /// Creates a scope.
    public init(_ repository: String, _ actions: Set<String>) {
        self.repository = repository
        self.actions = actions
    }

    /// Parses a scope; returns `nil` for another resource type and for invalid syntax.
    init?(_ text: Substring) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0] == "repository",
            let colon = parts[1].lastIndex(of: ":")
        else { return nil }
        repository = String(parts[1][..<colon])
        actions = Set(
            parts[1][parts[1].index(after: colon)...].split(separator: ",").map(String.init))
    }

    /// Returns the scopes that a request requires; none for a ping.
    static func needed(by request: RecordedRequest, listingTags listing: String) -> [TokenScope] {
        guard let repository = request.repository else { return [] }
        switch request.method {
        case _ where request.kind == .tagListing:
            return [TokenScope(repository, [listing])]
        case .get, .head:
            return [TokenScope(repository, ["pull"])]
        case .delete where request.kind != .uploadCancel:
            return [TokenScope(repository, ["delete"])]
        default:
            return [TokenScope(repository, ["pull", "push"])]
        }
    }

    /// The scope as text, with sorted actions.
    public var description: String {
        "repository:\(repository):\(actions.sorted().joined(separator: ","))"
    }
}
