// SPDX-License-Identifier: Apache-2.0

/// A pattern for requests.
public struct RequestPattern: Sendable {
    private let method: RequestMethod?
    private let path: String
    private let predicate: (@Sendable (RecordedRequest) -> Bool)?

    /// Creates a pattern.
    ///
    /// - Parameters:
    ///   - method: The method; `nil` for any.
    ///   - path: The end of the path. `*` matches any characters but `/`, so `/blobs/*` matches
    ///     blobs but not uploads, and `*` matches every request.
    ///   - predicate: A further condition.
    public init(
        _ method: RequestMethod? = nil, _ path: String = "*",
        where predicate: (@Sendable (RecordedRequest) -> Bool)? = nil
    ) {
        self.method = method
        self.path = path
        self.predicate = predicate
    }

    /// Returns a Boolean value that indicates whether a request matches.
    public func matches(_ request: RecordedRequest) -> Bool {
        (method == nil || method == request.method)
            && (path == "*" || Self.ends(Array(request.path.utf8), with: Array(path.utf8)[...]))
            && (predicate?(request) ?? true)
    }

    /// Matches from the end: each star matches as few characters as possible, and more on
    /// backtracking.
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
