// SPDX-License-Identifier: Apache-2.0

/// Which requests are meant.
public struct RequestPattern: Sendable {
    private let method: RequestMethod?
    private let path: String
    private let predicate: (@Sendable (RecordedRequest) -> Bool)?

    /// Describes requests.
    ///
    /// - Parameters:
    ///   - method: the method; nil for any.
    ///   - path: how the path ends; `*` stands for any characters but `/`. So `/blobs/*` means blobs
    ///     and not uploads, and `*` means every request.
    ///   - predicate: what else must hold.
    public init(
        _ method: RequestMethod? = nil, _ path: String = "*",
        where predicate: (@Sendable (RecordedRequest) -> Bool)? = nil
    ) {
        self.method = method
        self.path = path
        self.predicate = predicate
    }

    /// Whether a request is meant.
    public func matches(_ request: RecordedRequest) -> Bool {
        (method == nil || method == request.method)
            && (path == "*" || Self.ends(Array(request.path.utf8), with: Array(path.utf8)[...]))
            && (predicate?(request) ?? true)
    }

    /// Matches from the end: each star takes as little as it can, and more where that fails.
    private static func ends(_ text: [UInt8], with pattern: ArraySlice<UInt8>) -> Bool {
        matchesBackwards(text[...], pattern)
    }

    private static func matchesBackwards(
        _ text: ArraySlice<UInt8>, _ pattern: ArraySlice<UInt8>
    ) -> Bool {
        guard let last = pattern.last else { return true }
        guard last == UInt8(ascii: "*") else {
            return text.last == last && matchesBackwards(text.dropLast(), pattern.dropLast())
        }
        var rest = text
        while true {
            if matchesBackwards(rest, pattern.dropLast()) { return true }
            guard let byte = rest.last, byte != UInt8(ascii: "/") else { return false }
            rest = rest.dropLast()
        }
    }
}
