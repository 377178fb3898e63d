// SPDX-License-Identifier: Apache-2.0

/// An HTTP request method.
public struct RequestMethod: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The method's name in upper case.
    public let rawValue: String

    /// Makes a method of its name.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// GET.
    public static let get = RequestMethod(rawValue: "GET")
    /// HEAD.
    public static let head = RequestMethod(rawValue: "HEAD")
    /// PUT.
    public static let put = RequestMethod(rawValue: "PUT")
    /// POST.
    public static let post = RequestMethod(rawValue: "POST")
    /// PATCH.
    public static let patch = RequestMethod(rawValue: "PATCH")
    /// DELETE.
    public static let delete = RequestMethod(rawValue: "DELETE")

    /// The method's name.
    public var description: String { rawValue }
}

/// One request as a server saw it.
public struct RecordedRequest: Hashable, Sendable {
    /// Its place in the order in which heads arrived, from 0.
    public var order = 0
    /// The method.
    public let method: RequestMethod
    /// The request target as it stood in the request line, not decoded.
    public let target: String
    /// The header fields; empty where they come from an access log.
    public let headers: HeaderFields
    /// How many bytes of body have arrived.
    public var receivedBytes = 0
    /// How many bytes of body have been handed to the socket.
    public var sentBytes = 0
    /// The status of the answer; nil while there is none, and where the connection was dropped.
    public var status: Int?

    /// Describes a request.
    public init(method: RequestMethod, target: String, headers: HeaderFields = [:]) {
        self.method = method
        self.target = target
        self.headers = headers
    }

    /// The path of the target, not decoded.
    public var path: String { String(target.prefix { $0 != "?" }) }

    /// The query of the target, not decoded; empty where there is none.
    public var query: String { String(target.drop { $0 != "?" }.dropFirst()) }

    /// Returns the decoded values of a query parameter, in their order.
    public func parameters(_ name: String) -> [String] {
        FormFields(query)[name]
    }

    /// Returns the first decoded value of a query parameter.
    public func parameter(_ name: String) -> String? {
        parameters(name).first
    }

    /// The host that was asked, with its port unless that is 443; empty where an access log does not say.
    public var host: String {
        let host = headers["Host"] ?? ""
        return host.hasSuffix(":443") ? String(host.dropLast(4)) : host
    }

    /// Whether the request had an `Authorization` field.
    public var isAuthorized: Bool { headers["Authorization"] != nil }
}

extension RecordedRequest: CustomStringConvertible {
    /// Method, target and status, for the messages of failed tests.
    public var description: String {
        "\(method) \(target)" + (status.map { " \($0)" } ?? "")
    }
}
