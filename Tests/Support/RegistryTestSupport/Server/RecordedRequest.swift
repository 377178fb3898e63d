// SPDX-License-Identifier: Apache-2.0

/// An HTTP request method.
public struct RequestMethod: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The method's name in upper case.
    public let rawValue: String

    /// Creates a method from its name.
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

/// A request as a server received it.
public struct RecordedRequest: Hashable, Sendable {
    /// Its number in the order in which heads were received, from 0.
    public var order = 0
    /// The method.
    public let method: RequestMethod
    /// The undecoded request target.
    public let target: String
    /// The header fields; empty if the request comes from an access log.
    public let headers: HeaderFields
    /// The number of bytes of the body that were received.
    public var receivedBytes = 0
    /// The number of bytes of the response's body that were handed to the socket.
    public var sentBytes = 0
    /// The status of the response; `nil` before it and if the connection was closed.
    public var status: Int?

    /// Creates a request.
    public init(method: RequestMethod, target: String, headers: HeaderFields = [:]) {
        self.method = method
        self.target = target
        self.headers = headers
    }

    /// The undecoded path of the target.
    public var path: String { String(target.prefix { $0 != "?" }) }

    /// The undecoded query of the target; empty if there is none.
    public var query: String { String(target.drop { $0 != "?" }.dropFirst()) }

    /// Returns the decoded values of a query parameter, in their order.
    public func parameters(_ name: String) -> [String] {
        FormFields(query)[name]
    }

    /// Returns the first decoded value of a query parameter.
    public func parameter(_ name: String) -> String? {
        parameters(name).first
    }

    /// The host, with its port unless that is 443; empty if an access log does not record it.
    public var host: String {
        let host = headers["Host"] ?? ""
        return host.hasSuffix(":443") ? String(host.dropLast(4)) : host
    }

    /// A Boolean value that indicates whether the request had an `Authorization` field.
    public var isAuthorized: Bool { headers["Authorization"] != nil }
}

extension RecordedRequest: CustomStringConvertible {
    /// The method, target and status, for messages of failed tests.
    public var description: String {
        "\(method) \(target)" + (status.map { " \($0)" } ?? "")
    }
}
