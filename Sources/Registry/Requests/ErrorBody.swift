// SPDX-License-Identifier: Apache-2.0

internal import StrictJSON
public import TextSafety

/// An error in the body of a response.
public struct DistributionError: Hashable, Sendable {
    /// The code, such as `MANIFEST_UNKNOWN`, if there is one.
    public let code: UntrustedText?
    /// The message, if there is one.
    public let message: UntrustedText?

    /// Creates an error.
    public init(code: String?, message: String?) {
        self.code = code.map(UntrustedText.init)
        self.message = message.map(UntrustedText.init)
    }
}

extension DistributionError: CustomStringConvertible {
    /// `CODE: message`, or the part that exists.
    public var description: String {
        [code?.display(limit: 64), message?.display(limit: 300)].compactMap { $0 }
            .joined(separator: ": ")
    }
}

/// Parses the body of an error response from a registry, a token server or a proxy.
///
/// Registries respond with the errors of the distribution specification, Docker Hub sometimes with
/// `{"details": …}`, token servers with OAuth's `error`, proxies with HTML or
/// plain text. The Content-Type is often wrong, so the bytes decide.
enum ErrorBody {
    /// The maximum size of such a body, in bytes.
    static let maximumSize = 64 << 10

    /// Returns the errors in the body; empty if there are none.
    static func problems(in bytes: [UInt8]) -> [DistributionError] {
        let text = bytes.drop { $0 == 0x20 || (0x09...0x0D).contains($0) }
        guard let first = text.first else { return [] }
        if first == UInt8(ascii: "{"), let json = try? JSONValue(parsing: bytes) {
            return problems(in: json)
        }
        if first == UInt8(ascii: "<") { return title(of: text) }
        return [
            DistributionError(
                code: nil, message: String(decoding: text.prefix(1024), as: UTF8.self))
        ]
    }

    private static func problems(in json: JSONValue) -> [DistributionError] {
        if case .array(let errors)? = json["errors"] {
            return errors.prefix(8).compactMap { error in
                let message = error["message"]?.text ?? error["detail"]?.text
                guard let code = error["code"]?.text else {
                    return message.map { DistributionError(code: nil, message: $0) }
                }
                return DistributionError(code: code, message: message)
            }
        }
        // Docker Hub's form, then OAuth's (RFC 6749 §5.2).
        if let details = (json["details"] ?? json["message"])?.text {
            return [DistributionError(code: nil, message: details)]
        }
        guard let error = json["error"]?.text else { return [] }
        return [DistributionError(code: error, message: json["error_description"]?.text)]
    }

    private static func title(of html: ArraySlice<UInt8>) -> [DistributionError] {
        let text = String(decoding: html.prefix(4096), as: UTF8.self)
        let lowered = text.lowercased()
        // Lowercasing may change lengths outside ASCII; then the title cannot be located.
        guard lowered.utf8.count == text.utf8.count, let open = lowered.firstRange(of: "<title>"),
            let close = lowered[open.upperBound...].firstRange(of: "</title>")
        else { return [] }
        return [
            DistributionError(
                code: nil, message: String(lowered[open.upperBound..<close.lowerBound]))
        ]
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
