// SPDX-License-Identifier: Apache-2.0

internal import Mirroring
internal import OCI
internal import StrictJSON
internal import TextSafety
internal import Validation

/// The parts of a JSON report of `sync` that later commands use.
///
/// Labels and messages are untrusted text from images and servers.
struct RunReportReader: Sendable {
    /// An image of that run.
    struct Image: Sendable {
        let status: String
        /// The reason why the image needs attention.
        let reason: UntrustedText?
        let digest: Digest?
        let facts: ImageFacts
        let findings: [Finding]
        /// The key of a rejection by the rules.
        let rejection: String?
    }

    /// A finding of that run.
    struct Finding: Sendable {
        let id: UntrustedText
        let severity: String
        let platform: UntrustedText?
        let message: UntrustedText
    }

    /// The images by their ids.
    let images: [String: Image]

    /// Reads the document.
    ///
    /// - Throws: ``JSONError`` if the document is not a report of `sync`.
    init(parsing bytes: [UInt8]) throws(JSONError) {
        let document = try JSONObject(
            try JSONValue(parsing: bytes), known: ["schema", "command", "images"])
        guard try document.integer("schema") == 1, try document.string("command") == "sync",
            let elements = try document.array("images")
        else { throw document.failure("command", "expected 'sync' with schema 1") }
        var images: [String: Image] = [:]
        for (path, element) in elements {
            let object = try JSONObject(
                element, path: path,
                known: [
                    "id", "status", "reason", "digest", "downloadSize", "platforms", "labels",
                    "findings", "rejection",
                ])
            guard let id = try object.string("id") else { throw object.failure("id", "missing") }
            images[id] = try Image(object)
        }
        self.images = images
    }

    /// The facts of images that this or an earlier run read.
    var facts: [Digest: ImageFacts] {
        let known = images.values.compactMap { image in
            image.facts.downloadSize == nil ? nil : image.digest.map { ($0, image.facts) }
        }
        return Dictionary(known) { first, _ in first }
    }

    /// The rejections by the rules, for a run that does not read their images again.
    var rejections: RecordedRejections {
        RecordedRejections(
            Dictionary(
                images.values.compactMap { image in
                    image.rejection.map { ($0, image.findings.compactMap(\.recorded)) }
                }
            ) { first, _ in first })
    }

    /// Returns the image with an id and a digest, or `nil` if the report does not contain it.
    func image(_ id: String, digest: Digest) -> Image? {
        images[id].flatMap { $0.digest == digest ? $0 : nil }
    }
}

extension RunReportReader.Image {
    fileprivate init(_ object: JSONObject) throws(JSONError) {
        status = try object.string("status") ?? ""
        reason = try object.string("reason").map(UntrustedText.init)
        rejection = try object.string("rejection")
        digest = try object.string("digest").flatMap { try? Digest(parsing: $0) }
        facts = try ImageFacts(recordedIn: object)
        findings = try (object.array("findings") ?? []).map { path, value throws(JSONError) in
            try RunReportReader.Finding(
                JSONObject(
                    value, path: path,
                    known: ["id", "severity", "certainty", "platform", "layer", "message"]))
        }
    }
}

extension ImageFacts {
    fileprivate init(recordedIn image: JSONObject) throws(JSONError) {
        let names = Label.allCases.map(\.rawValue)
        let object = try JSONObject(
            image["labels"] ?? .object([]), path: image.location(of: "labels"), known: Set(names))
        var labels: [Label: UntrustedText] = [:]
        for label in Label.allCases {
            labels[label] = try object.string(label.rawValue).map(UntrustedText.init)
        }
        let keys: Set = ["platform", "digest", "size", "downloadSize", "created"]
        let platforms = try (image.array("platforms") ?? []).map { path, value throws(JSONError) in
            try PlatformFacts(recordedIn: JSONObject(value, path: path, known: keys))
        }
        self.init(
            platforms: platforms, downloadSize: try image.size("downloadSize"), labels: labels)
    }
}

extension ImageFacts.PlatformFacts {
    fileprivate init(recordedIn object: JSONObject) throws(JSONError) {
        guard let platform = try object.string("platform").flatMap({ try? Platform(parsing: $0) })
        else { throw object.failure("platform", "invalid platform") }
        guard let digest = try object.string("digest").flatMap({ try? Digest(parsing: $0) }) else {
            throw object.failure("digest", "invalid digest")
        }
        self.init(
            platform: platform, digest: digest, size: try object.size("size") ?? 0,
            downloadSize: try object.size("downloadSize"),
            created: try object.string("created").map(UntrustedText.init))
    }
}

extension RunReportReader.Finding {
    /// The finding, or `nil` if this version has no such finding.
    fileprivate var recorded: Validation.Finding? {
        guard let id = Validation.Finding.ID(rawValue: id.raw),
            let severity = Validation.Finding.Severity(rawValue: severity)
        else { return nil }
        return Validation.Finding(
            id, severity, platform: platform.flatMap { try? Platform(parsing: $0.raw) },
            message.display)
    }

    fileprivate init(_ object: JSONObject) throws(JSONError) {
        id = UntrustedText(try object.string("id") ?? "")
        severity = try object.string("severity") ?? ""
        platform = try object.string("platform").map(UntrustedText.init)
        message = UntrustedText(try object.string("message") ?? "")
    }
}

extension JSONObject {
    /// Returns a number of bytes, or `nil` where the member is absent or null.
    fileprivate func size(_ key: String) throws(JSONError) -> Int? {
        guard let size = try integer(key) else { return nil }
        guard size >= 0 else { throw failure(key, "negative size") }
        return size
    }
}
