// SPDX-License-Identifier: Apache-2.0

internal import StrictJSON

extension JSONObject {
    /// Returns a string member parsed as one of this module's types.
    func parse<Noun>(
        _ key: String, _ parser: (String) throws(ParseError) -> Noun
    ) throws(JSONError) -> Noun? {
        guard let text = try string(key) else { return nil }
        do {
            return try parser(text)
        } catch {
            throw failure(key, error.reason)
        }
    }

    /// Returns a media type.
    ///
    /// The types of manifests and configs must match exactly.
    ///
    /// Other readers compare them byte for byte. If `…Index.v1+json` were an index here and an
    /// unknown type elsewhere, the same bytes would have two meanings.
    func mediaType(_ key: String) throws(JSONError) -> MediaType? {
        let text = try string(key)
        guard let type = try parse(key, MediaType.init(parsing:)) else { return nil }
        let decidesReading =
            type.isIndex || type.isImageManifest || type.isImageConfig || type.isSchema1
        guard !decidesReading || text == type.name else {
            throw failure(key, "must be spelled \(type), in lower case and without parameters")
        }
        return type
    }

    /// Returns the platform that the members `os`, `architecture` and their companions state.
    func platform() throws(JSONError) -> Platform {
        guard let os = try platformPart("os"), let architecture = try platformPart("architecture")
        else { throw JSONError(location: path, reason: "os or architecture is missing") }
        // Signatures have configs with empty strings, which match no platform.
        return Platform(
            os: os.isEmpty ? "unknown" : os,
            architecture: architecture.isEmpty ? "unknown" : architecture,
            variant: try platformPart("variant"), osVersion: try osVersion)
    }

    /// Any text may be a version; one that is not a plain word is of no use.
    private var osVersion: String? {
        get throws(JSONError) {
            let text = try string("os.version")
            return text.map(Platform.isPart) == true ? text : nil
        }
    }

    private func platformPart(_ key: String) throws(JSONError) -> String? {
        let text = try string(key)
        guard Platform.isPart(text ?? "") else {
            throw failure(key, "only letters, digits, '.', '_' and '-' are allowed")
        }
        return text
    }
}

extension Platform {
    /// Returns the platform of the index entry at `path`.
    ///
    /// A platform in other characters than those of a platform's name is unknown: it matches no
    /// required platform, and the other entries of the index remain usable.
    init(json: JSONValue, path: String) throws(JSONError) {
        let object = try JSONObject(
            json, path: path, known: ["os", "architecture", "variant", "os.version"])
        let parts = try [
            object.string("os"), object.string("architecture"), object.string("variant"),
        ]
        guard parts.allSatisfy({ Self.isPart($0 ?? "") }) else {
            self.init(os: "unknown", architecture: "unknown")
            return
        }
        self = try object.platform()
    }
}
