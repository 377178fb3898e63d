// SPDX-License-Identifier: Apache-2.0

/// What a token allows in one repository: `repository:library/app:pull,push`.
///
/// Source: the distribution project's token specification § Resource Scope Grammar.
public struct TokenScope: Hashable, Sendable, CustomStringConvertible {
    /// The repository's path.
    public let repository: String
    /// The actions, such as `pull`, `push` and `delete`.
    public let actions: Set<String>

    /// Makes a scope.
    public init(_ repository: String, _ actions: Set<String>) {
        self.repository = repository
        self.actions = actions
    }

    /// Parses a scope; nil for one of another resource than a repository, or of another form.
    init?(_ text: Substring) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0] == "repository",
            let colon = parts[1].lastIndex(of: ":")
        else { return nil }
        repository = String(parts[1][..<colon])
        actions = Set(
            parts[1][parts[1].index(after: colon)...].split(separator: ",").map(String.init))
    }

    /// The scopes that a request needs; none for a ping.
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

    /// The scope's text, with its actions in order.
    public var description: String {
        "repository:\(repository):\(actions.sorted().joined(separator: ","))"
    }
}
