// SPDX-License-Identifier: Apache-2.0

public import StrictJSON

/// The fields of an image config that this project reads.
///
/// Source: image-spec, config.md.
public struct ImageConfig: Hashable, Sendable {
    /// The platform that the config states.
    public let platform: Platform
    /// The digests of the uncompressed layers, base first.
    public let diffIDs: [Digest]
    /// The entrypoint: the program to start and its first arguments.
    public let entrypoint: [String]
    /// The arguments after the entrypoint, or the program and its arguments if there is no
    /// entrypoint.
    public let command: [String]
    /// The environment, as `NAME=value` entries.
    public let environment: [String]
    /// The working directory of the program.
    public let workingDirectory: String
    /// The user that runs the program, such as `app`, `1000:1000` or `app:staff`; empty for root.
    public let user: String
    /// The directories that are mounted over at run time.
    public let volumes: [String]
    /// The labels; untrusted text.
    public let labels: [String: String]
    /// The creation date as the config states it; untrusted text.
    public let created: String?

    /// The commands that created the layers, base first; untrusted text.
    ///
    /// It is empty if the history does not match the layers.
    public let layerHistory: [String?]

    /// The maximum size of a config, in bytes.
    public static let maximumSize = 4 << 20

    /// Creates the value from the bytes of a config blob.
    ///
    /// - Throws: ``JSONError`` if the bytes are not a valid image config, or runtimes reject it.
    ///
    /// Source: containerd and runc, which reject other dates, environments and directories.
    public init(bytes: [UInt8]) throws(JSONError) {
        let object = try JSONObject(
            try JSONValue(parsing: bytes, allowsDuplicateKeys: true),
            known: ["os", "architecture", "variant", "rootfs", "config", "created"])
        self.platform = try object.platform()
        guard let rootfs = object["rootfs"] else { throw object.failure("rootfs", "is missing") }
        self.diffIDs = try Self.diffIDs(rootfs)
        self.created = try object.string("created")
        if let created, !Timestamp.isValid(created) {
            throw object.failure("created", "is not a date and time of RFC 3339")
        }
        let config = try JSONObject(
            object["config"] ?? .object([]), path: "config",
            known: ["Entrypoint", "Cmd", "Env", "WorkingDir", "Labels", "User", "Volumes"])
        self.entrypoint = try config.strings("Entrypoint") ?? []
        self.command = try config.strings("Cmd") ?? []
        self.environment = try config.strings("Env") ?? []
        self.workingDirectory = try config.string("WorkingDir") ?? ""
        self.user = try config.string("User") ?? ""
        self.labels = try config.stringMap("Labels")
        let history = Self.layerHistory(object["history"])
        self.layerHistory = history.count == diffIDs.count ? history : []
        self.volumes = try config.names("Volumes")
        // Runtimes decode these too, and reject other types.
        _ = try config.names("ExposedPorts")
        _ = try config.string("StopSignal")
        guard platform.os == "linux" else { return }
        for (position, variable) in environment.enumerated() where !variable.isEmpty {
            guard let equals = variable.firstIndex(of: "="), equals > variable.startIndex else {
                throw config.failure("Env[\(position)]", "is not NAME=value")
            }
        }
        guard workingDirectory.isEmpty || workingDirectory.hasPrefix("/") else {
            throw config.failure("WorkingDir", "is not an absolute path")
        }
    }

    /// Returns the commands of the history entries that created a layer.
    ///
    /// The history is only shown, so that a malformed one is not an error.
    private static func layerHistory(_ value: JSONValue?) -> [String?] {
        guard case .array(let entries)? = value else { return [] }
        return entries.compactMap { entry -> String?? in
            guard case .object(let members) = entry else { return .some(nil) }
            if members.contains(where: { $0.name == "empty_layer" && $0.value == .bool(true) }) {
                return nil
            }
            guard case .string(let text)? = members.last(where: { $0.name == "created_by" })?.value
            else { return .some(nil) }
            return text
        }
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

/// The dates of an image config.
///
/// Source: RFC 3339; Go, `time.Time.UnmarshalJSON`, which rejects other texts.
enum Timestamp {
    /// Returns whether a text is a date and time, such as `2026-01-31T12:00:00.5Z`.
    static func isValid(_ text: String) -> Bool {
        var rest = Array(text.utf8)[...]
        func number(_ digits: Int) -> Int? {
            let word = rest.prefix(digits)
            guard word.count == digits, word.allSatisfy({ (0x30...0x39).contains($0) }) else {
                return nil
            }
            rest = rest.dropFirst(digits)
            return word.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        }
        func take(_ mark: Unicode.Scalar) -> Bool {
            guard rest.first == UInt8(ascii: mark) else { return false }
            rest = rest.dropFirst()
            return true
        }
        guard let year = number(4), take("-"), let month = number(2), take("-"),
            let day = number(2), take("T"), let hour = number(2), take(":"),
            let minute = number(2), take(":"), let second = number(2),
            (1...12).contains(month), (1...days(in: month, of: year)).contains(day),
            hour < 24, minute < 60, second < 60
        else { return false }
        if take(".") {
            let digits = rest.prefix { (0x30...0x39).contains($0) }
            guard !digits.isEmpty else { return false }
            rest = rest.dropFirst(digits.count)
        }
        if take("Z") { return rest.isEmpty }
        guard take("+") || take("-"), let hours = number(2), take(":"), let minutes = number(2)
        else { return false }
        return rest.isEmpty && hours < 24 && minutes < 60
    }

    private static func days(in month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}
