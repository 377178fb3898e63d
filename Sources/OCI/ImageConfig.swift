// SPDX-License-Identifier: Apache-2.0

public import StrictJSON

/// What an image's configuration says about itself, as far as this tool asks.
///
/// Source: image-spec, config.md.
public struct ImageConfig: Hashable, Sendable {
    /// The platform that the image says it is made for.
    public let platform: Platform
    /// The digest of each layer's unpacked bytes, base first.
    public let diffIDs: [Digest]
    /// The program that is started, and its first arguments.
    public let entrypoint: [String]
    /// The arguments after the entrypoint, or the program where there is none.
    public let command: [String]
    /// The environment, `NAME=value` each.
    public let environment: [String]
    /// The folder in which the program starts.
    public let workingDirectory: String
    /// Labels; hostile text.
    public let labels: [String: String]
    /// When the image was made, as it says; hostile text.
    public let created: String?

    /// The greatest configuration that is read, in bytes.
    public static let maximumSize = 4 << 20

    /// Reads a configuration.
    ///
    /// - Throws: ``JSONError`` where the bytes are not strictly an image configuration.
    public init(bytes: [UInt8]) throws(JSONError) {
        let object = try JSONObject(
            try JSONValue(parsing: bytes),
            known: [
                "os", "architecture", "variant", "os.version", "os.features", "rootfs", "config",
                "created", "author", "history",
            ])
        self.platform = try object.platform()
        guard let rootfs = object["rootfs"] else { throw object.failure("rootfs", "is missing") }
        self.diffIDs = try Self.diffIDs(rootfs)
        self.created = try object.string("created")
        let config = try JSONObject(
            object["config"] ?? .object([]), path: "config",
            known: ["Entrypoint", "Cmd", "Env", "WorkingDir", "Labels", "User", "ExposedPorts"])
        self.entrypoint = try config.strings("Entrypoint") ?? []
        self.command = try config.strings("Cmd") ?? []
        self.environment = try config.strings("Env") ?? []
        self.workingDirectory = try config.string("WorkingDir") ?? ""
        self.labels = try config.stringMap("Labels")
    }

    private static func diffIDs(_ rootfs: JSONValue) throws(JSONError) -> [Digest] {
        let object = try JSONObject(rootfs, path: "rootfs", known: ["type", "diff_ids"])
        var digests: [Digest] = []
        for (position, text) in (try object.strings("diff_ids") ?? []).enumerated() {
            do {
                digests.append(try Digest(parsing: text))
            } catch {
                throw object.failure("diff_ids[\(position)]", error.reason)
            }
        }
        return digests
    }
}
