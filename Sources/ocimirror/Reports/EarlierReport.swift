// SPDX-License-Identifier: Apache-2.0

internal import Files
internal import Mirroring
internal import OCI
internal import StrictJSON
internal import Wording

/// What a report of an earlier run knew of images, by digest.
///
/// Most nights most images do not change, and then nobody reads them: their sizes and ages would be
/// known only on the night on which they came. A file that is no such report is worth nothing, and
/// does no harm.
struct EarlierReport {
    let facts: [Digest: ImageFacts]

    /// Reads the file that this run's report will replace.
    init(at path: String) {
        let bytes = try? BoundedFile.read(path, limit: 64 << 20)
        facts = bytes.flatMap { try? Self.facts(in: JSONValue(parsing: $0)) } ?? [:]
    }

    private static func facts(in value: JSONValue) throws -> [Digest: ImageFacts] {
        let document = try JSONObject(value, known: ["images"])
        var facts: [Digest: ImageFacts] = [:]
        for (path, value) in try document.array("images") ?? [] {
            let image = try JSONObject(
                value, path: path, known: ["digest", "downloadSize", "platforms", "labels"])
            guard let digest = try image.string("digest"),
                let size = try image.integer("downloadSize")
            else { continue }
            facts[try Digest(parsing: digest)] = ImageFacts(
                platforms: try (try image.array("platforms") ?? []).map(platform),
                downloadSize: size, labels: try labels(image["labels"] ?? .object([])))
        }
        return facts
    }

    private static func platform(
        _ path: String, _ value: JSONValue
    ) throws -> ImageFacts.OnPlatform {
        let object = try JSONObject(
            value, path: path, known: ["platform", "digest", "size", "downloadSize", "created"])
        guard let platform = try object.string("platform"),
            let digest = try object.string("digest"), let size = try object.integer("size")
        else { throw object.failure("platform", "is missing") }
        return ImageFacts.OnPlatform(
            platform: try Platform(parsing: platform), digest: try Digest(parsing: digest),
            size: size, downloadSize: try object.integer("downloadSize"),
            created: try object.string("created").map(UntrustedText.init))
    }

    private static func labels(_ value: JSONValue) throws -> [ImageFacts.Label: UntrustedText] {
        let names = ImageFacts.Label.allCases
        let object = try JSONObject(value, path: "labels", known: Set(names.map(\.rawValue)))
        var labels: [ImageFacts.Label: UntrustedText] = [:]
        for name in names {
            labels[name] = try object.string(name.rawValue).map(UntrustedText.init)
        }
        return labels
    }
}
