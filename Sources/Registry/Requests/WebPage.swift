// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import HTTP
internal import OCI
internal import TextSafety

/// Tells a registry's responses from web pages of something in front of it: a captive portal, the login
/// page of a single sign-on proxy, a web server.
///
/// Such a page often comes with the status 200, or 404, so the status alone is no evidence that
/// content exists or is missing.
enum WebPage {
    /// Returns whether a response is a web page instead of a registry's response.
    ///
    /// A field that only registries send outweighs the content type. Statuses such as 202 are left
    /// alone.
    ///
    /// Source: Quay (Flask) and Pulp (Django) label responses without a body as `text/html`.
    static func isResponse(_ status: Int, _ fields: HTTPFields) -> Bool {
        guard status == 200 || status == 404, let type = fields["content-type"] else {
            return false
        }
        let name = type.prefix { $0 != ";" && $0 != " " }.lowercased()
        return ["text/html", "application/xhtml+xml"].contains(name)
            && registryFields.allSatisfy { fields[$0] == nil }
    }

    private static let registryFields = [
        "docker-content-digest", "docker-distribution-api-version", "docker-upload-uuid",
        "location",
    ]

    /// Returns whether bytes are markup, whatever their content type says.
    static func isMarkup(_ bytes: [UInt8]) -> Bool {
        bytes.first { $0 != 0x20 && !(0x09...0x0D).contains($0) } == UInt8(ascii: "<")
    }

    /// Returns what to do about a response that did not come from the registry.
    static func hint(for registry: RegistryHost) -> String {
        "a captive portal, a login page, or a proxy may answer instead of the registry; open "
            + "\(registry)/v2/ in a browser, check https_proxy and no_proxy, and run again"
    }

    /// Describes the body of an unexpected response: its content type and how it begins.
    static func description(of bytes: [UInt8], _ fields: HTTPFields) -> String {
        let type = fields["content-type"].map { UntrustedText($0).display(limit: 80) }
        let kind = type ?? "content of no stated type"
        guard !bytes.isEmpty else { return "an empty response (\(kind))" }
        let title = isMarkup(bytes) ? ErrorBody.problems(in: bytes).first?.message : nil
        let start = title ?? UntrustedText(bytes: bytes.prefix(200))
        return "\(kind) \(title == nil ? "that begins with" : "titled") "
            + "'\(start.display(limit: 80))'"
    }
}

extension RegistryError {
    /// Creates an error for a response that is not what was requested, so that nothing is known.
    init(_ call: Operation, isNo wanted: String, _ bytes: [UInt8], _ fields: HTTPFields) {
        self.init(
            .unavailable, call,
            "the response is no \(wanted) but \(WebPage.description(of: bytes, fields))",
            hint: WebPage.hint(for: call.registry))
    }
}
