// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import HTTP
internal import OCI
internal import TextSafety

/// Tells a registry's responses from web pages of something in front of it: a captive portal, the
/// login page of a single sign-on proxy, a web server.
///
/// Such a page often comes with the status 200, 403 or 404, so the status alone does not show that
/// content exists, is missing, or is forbidden.
enum WebPage {
    /// Returns a Boolean value that indicates whether a response is a web page instead of a
    /// registry's response.
    ///
    /// A field that only registries send outweighs the content type. Other statuses, such as 202,
    /// are not checked.
    ///
    /// Source: Quay (Flask) and Pulp (Django) label responses without a body as `text/html`.
    static func isResponse(_ status: Int, _ fields: HTTPFields) -> Bool {
        guard [200, 403, 404].contains(status), let type = fields["content-type"] else {
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

    /// Returns a Boolean value that indicates whether bytes are markup, regardless of their content
    /// type.
    static func isMarkup(_ bytes: [UInt8]) -> Bool {
        bytes.first { $0 != 0x20 && !(0x09...0x0D).contains($0) } == UInt8(ascii: "<")
    }

    /// Returns the response, and whether it is a web page instead of what was requested.
    ///
    /// The body of metadata decides, because some servers label everything as `text/html`.
    ///
    /// Source: moby/moby#19526.
    static func check(
        _ response: HTTPResponse, to request: RegistryRequest
    ) async throws -> (response: HTTPResponse, isWebPage: Bool) {
        guard !request.mayBeWebPage, isResponse(response.status, response.fields) else {
            return (response, false)
        }
        guard response.status == 200, request.method == .get, !request.isBulk else {
            return (response, true)
        }
        let bytes = try await response.collect(limit: RawManifest.maximumSize)
        let whole = HTTPResponse(
            status: response.status, fields: response.fields, body: BytesInMemory(bytes),
            peer: response.peer)
        return (whole, bytes.isEmpty || isMarkup(bytes))
    }

    /// Returns the recommended action for a response that did not come from the registry.
    static func hint(for registry: RegistryHost) -> String {
        "open \(registry)/v2/ in a browser, check https_proxy and no_proxy, and run again; a captive "
            + "portal, a login page or a proxy may have responded instead of the registry"
    }

    /// Returns a description of an unexpected body: its content type and its beginning.
    static func description(of bytes: [UInt8], _ fields: HTTPFields) -> String {
        let type = fields["content-type"].map { UntrustedText($0).display(limit: 80) }
        let kind = type ?? "content without a type"
        guard !bytes.isEmpty else { return "an empty response (\(kind))" }
        let title = isMarkup(bytes) ? DistributionError.all(in: bytes).first?.message : nil
        let start = title ?? UntrustedText(bytes: bytes.prefix(200))
        return "\(kind) \(title == nil ? "that begins with" : "titled") "
            + "'\(start.display(limit: 80))'"
    }
}

extension RegistryError {
    /// Creates an error for a response that is not what was requested.
    init(
        _ operation: Operation, expected wanted: String, received bytes: [UInt8],
        _ fields: HTTPFields
    ) {
        self.init(
            .unavailable, operation,
            "expected a \(wanted), got \(WebPage.description(of: bytes, fields))",
            hint: WebPage.hint(for: operation.registry))
    }
}
