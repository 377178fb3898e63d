// SPDX-License-Identifier: Apache-2.0

import RegistryTestSupport
import AsyncPrimitives

/// The identity of a request, equal in every run of the same mirror.
///
/// Upload sessions have random names, and the order of requests varies, so a request is identified by its method, its
/// target without session, and the number of equal requests before it.
struct RequestIdentity: Hashable, Comparable, Sendable, CustomStringConvertible {
    let side: ReferenceMirror.Side
    let line: String
    /// The number of the request among equal ones, from 1.
    let occurrence: Int

    var description: String { "\(side.rawValue) \(line) \(occurrence)" }

    static func < (first: Self, second: Self) -> Bool { first.description < second.description }

    /// Returns the method and target of a request without the name and the state of an upload session.
    static func line(of request: RecordedRequest) -> String {
        var path = request.path
        if let range = path.firstRange(of: "/blobs/uploads/") {
            path = path[..<range.upperBound] + "*"
        }
        let query = request.query.split(separator: "&").filter { !$0.hasPrefix("_state=") }.joined(
            separator: "&")
        return "\(request.method) \(path)" + (query.isEmpty ? "" : "?\(query)")
    }
}

/// Counts equal requests to one registry.
final class RequestCounter: Sendable {
    private let side: ReferenceMirror.Side
    private let counts = Mutex<[String: Int]>([:])

    init(_ side: ReferenceMirror.Side) { self.side = side }

    /// Counts a request and returns its identity.
    func identify(_ request: RecordedRequest) -> RequestIdentity {
        let line = RequestIdentity.line(of: request)
        let occurrence = counts.withLock { counts in
            counts[line, default: 0] += 1
            return counts[line] ?? 1
        }
        return RequestIdentity(side: side, line: line, occurrence: occurrence)
    }
}
