// SPDX-License-Identifier: Apache-2.0

internal import StrictJSON
public import TextSafety

/// An error in the body of a response.
public struct DistributionError: Hashable, Sendable {
    /// The code, such as `MANIFEST_UNKNOWN`, if there is one.
    public let code: UntrustedText?
    /// The message, if there is one.
    public let message: UntrustedText?
    /// The texts in the detail that the message does not contain, if there are any.
    public let detail: UntrustedText?

    /// Creates an error.
    public init(code: String?, message: String?, detail: String? = nil) {
        self.code = code.map(UntrustedText.init)
        self.message = message.map(UntrustedText.init)
        self.detail = detail.map(UntrustedText.init)
    }
}

extension DistributionError: CustomStringConvertible {
    /// `CODE: message; detail`, or the parts that exist.
    public var description: String {
        let text = [message?.display(limit: 300), detail?.display(limit: 300)].compactMap(\.self)
            .joined(separator: "; ")
        return [code?.display(limit: 64), text].compactMap(\.self).filter { !$0.isEmpty }
            .joined(separator: ": ")
    }
}

extension DistributionError {
    /// The maximum size of the body of an error response, in bytes.
    static let maximumBodySize = 64 << 10

    /// Returns the errors in the body of a response from a registry, a token server or a proxy; empty
    /// if there are none.
    ///
    /// Registries respond with the errors of the distribution specification, Docker Hub sometimes
    /// with `{"details": …}`, token servers with OAuth's `error`, proxies with HTML or plain text.
    /// The Content-Type is often wrong, so the bytes decide.
    static func all(in bytes: [UInt8]) -> [DistributionError] {
        let text = bytes.drop { $0 == 0x20 || (0x09...0x0D).contains($0) }
        guard let first = text.first else { return [] }
        if first == UInt8(ascii: "{"), let json = try? JSONValue(parsing: bytes) {
            return all(in: json)
        }
        if first == UInt8(ascii: "<") { return title(of: text) }
        return [
            DistributionError(
                code: nil, message: String(decoding: text.prefix(1024), as: UTF8.self))
        ]
    }

    private static func all(in json: JSONValue) -> [DistributionError] {
        if case .array(let errors)? = json["errors"] {
            return errors.prefix(8).compactMap { error in
                let (code, message) = (error["code"]?.text, error["message"]?.text)
                let detail = detail(of: error, besides: message ?? "")
                guard code != nil || message != nil || detail != nil else { return nil }
                return DistributionError(code: code, message: message, detail: detail)
            }
        }
        // Docker Hub's form, then OAuth's (RFC 6749 §5.2).
        if let details = (json["details"] ?? json["message"])?.text {
            return [DistributionError(code: nil, message: details)]
        }
        guard let error = json["error"]?.text else { return [] }
        return [DistributionError(code: error, message: json["error_description"]?.text)]
    }

    /// Returns the texts in an error's detail that its message does not contain.
    ///
    /// Source: distribution-spec § Error Codes: the detail is unstructured.
    private static func detail(of error: JSONValue, besides message: String) -> String? {
        guard let detail = error["detail"] else { return nil }
        let texts = texts(in: detail, depth: 3).filter { !message.contains($0) }
        return texts.isEmpty ? nil : texts.prefix(4).joined(separator: ", ")
    }

    private static func texts(in value: JSONValue, depth: Int) -> [String] {
        switch value {
        case .string(let text): text.isEmpty ? [] : [text]
        case .array(let values) where depth > 0:
            values.prefix(4).flatMap { texts(in: $0, depth: depth - 1) }
        case .object(let members) where depth > 0:
            members.prefix(8).flatMap { texts(in: $0.value, depth: depth - 1) }
        default: []
        }
    }

    private static func title(of html: ArraySlice<UInt8>) -> [DistributionError] {
        let text = html.prefix(4096)
        // ASCII only, so that the positions stay the same.
        let lowered = text.map { (0x41...0x5A).contains($0) ? $0 + 0x20 : $0 }
        guard let open = lowered.firstRange(of: Array("<title>".utf8)),
            let close = lowered[open.upperBound...].firstRange(of: Array("</title>".utf8))
        else { return [] }
        let title = Array(text)[open.upperBound..<close.lowerBound]
        return [DistributionError(code: nil, message: String(decoding: title, as: UTF8.self))]
    }
}

extension JSONValue {
    /// Returns the value of a member, or `nil` if this is not an object or has no such member.
    subscript(name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    /// The text, if this is a string.
    var text: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }
}
