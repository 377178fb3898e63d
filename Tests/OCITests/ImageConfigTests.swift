// SPDX-License-Identifier: Apache-2.0

import OCI
import StrictJSON
import Testing

@Suite struct ImageConfigTests {
    private static let rootfs = #""rootfs":{"type":"layers","diff_ids":["\#(ManifestTests.hash)"]}"#
    private static let least = #"{"os":"linux","architecture":"arm64",\#(rootfs)}"#

    private static func read(_ text: String) throws -> ImageConfig {
        try ImageConfig(bytes: Array(text.utf8))
    }

    private static func read(adding members: String) throws -> ImageConfig {
        try read(ManifestTests.adding(members, to: least))
    }

    @Test func `an image config is parsed`() throws {
        let config = try Self.read(
            adding: """
                "variant":"v8", "created":"2026-01-01T00:00:00Z", "history":[{"created_by":"x"}],
                "container_config":{"cmd":[]}, "config":{"Entrypoint":["/bin/app","-x"],"Cmd":["serve"],
                "Env":["PATH=/bin"],"WorkingDir":"/srv","Labels":{"a":"\\u001b"},"Hostname":"h","Tty":false}
                """)
        #expect(config.platform == .linuxARM64)
        #expect(config.diffIDs.map(\.description) == [ManifestTests.hash])
        #expect(config.entrypoint == ["/bin/app", "-x"])
        #expect(config.command == ["serve"])
        #expect(config.environment == ["PATH=/bin"])
        #expect(config.workingDirectory == "/srv")
        #expect(config.labels == ["a": "\u{1B}"])
        #expect(config.created == "2026-01-01T00:00:00Z")
    }

    @Test(
        arguments: [
            "\"x\":0", #""config":null"#, #""config":{}"#,
            #""config":{"Entrypoint":null,"Cmd":null,"Env":null,"WorkingDir":null,"Labels":null}"#,
        ])
    func `an absent or null member is empty`(members: String) throws {
        let config = try Self.read(adding: members)
        #expect(config.entrypoint + config.command + config.environment == [])
        #expect(config.workingDirectory.isEmpty)
        #expect(config.labels.isEmpty)
        #expect(config.created == nil)
    }

    private static let others: [String] = [
        "", "[]", "null", "{}", "{\"os\":\"linux\",\(rootfs)}",
        "{\"architecture\":\"arm64\",\(rootfs)}",
        #"{"os":"linux","architecture":"arm64"}"#,
        #"{"os":"linux","architecture":"arm64","rootfs":null}"#,
        #"{"os":"linux","architecture":"arm64","rootfs":[]}"#, "\u{FEFF}\(least)", "\(least),",
        ManifestTests.adding("", to: least), least.replacing("arm64", with: "arm\\u000a64"),
        least.replacing("sha256:", with: "sha256:../"),
        least.replacing("diff_ids", with: "Diff_IDs"),
        least.replacing("\"diff_ids\":[", with: "\"diff_ids\":[1,"),
        least.replacing("\"os\"", with: "\"OS\""),
    ]

    @Test(arguments: others)
    func `an invalid image config is rejected`(text: String) {
        #expect(throws: JSONError.self) { try Self.read(text) }
    }

    @Test(
        arguments: [
            #""config":[]"#, #""config":{"Entrypoint":"/bin/sh"}"#, #""config":{"Cmd":[1]}"#,
            #""config":{"Env":{"A":"b"}}"#, #""config":{"Labels":{"a":1}}"#,
            #""config":{"WorkingDir":[]}"#, #""config":{"User":0}"#,
            #""config":{"ExposedPorts":["80/tcp"]}"#, #""config":{"StopSignal":15}"#,
            #""config":{"Cmd":["a"],"Cmd":["b"]}"#, #""config":{"Cmd":["a"],"cmd":["b"]}"#,
            #""created":7"#,
            #""os":"windows""#, #""\u006fs":"windows""#,
        ])
    func `a member that readers interpret differently is rejected`(members: String) {
        #expect(throws: JSONError.self) { try Self.read(adding: members) }
    }

    @Test(arguments: ["Entrypoint", "Cmd", "Env", "WorkingDir", "Labels", "User", "Volumes"])
    func `a known key of the member config with different case is rejected`(key: String) {
        for spelling in [key.lowercased(), key.uppercased()] {
            #expect(throws: JSONError.self) {
                try Self.read(adding: "\"config\":{\"\(spelling)\":null}")
            }
        }
    }

    @Test(arguments: ["os", "architecture", "variant", "rootfs", "config", "created"])
    func `a known key of the document with different case is rejected`(key: String) {
        #expect(throws: JSONError.self) { try Self.read(adding: "\"\(key.uppercased())\":null") }
    }

    @Test(arguments: [
        #""Author":"a""#, #""author":"a","author":"b""#, #""history":[{"a":1,"a":2}]"#,
        #""os.version":"macOS 13.5""#, #""config":{"memory":1,"Memory":2,"Tty":1,"Tty":2}"#,
    ])
    func `members that are not read may have any form`(members: String) throws {
        #expect(try Self.read(adding: members).platform == .linuxARM64)
    }

    @Test func `volumes are read`() throws {
        let config = try Self.read(adding: #""config":{"Volumes":{"/data":{},"/srv":{}}}"#)
        #expect(config.volumes == ["/data", "/srv"])
        #expect(throws: JSONError.self) {
            try Self.read(adding: #""config":{"Volumes":["/data"]}"#)
        }
    }

    /// Each was tried with containerd and runc.
    @Test(arguments: [
        (#""created":"""#, "created"), (#""created":"2020-01-01""#, "created"),
        (#""config":{"Env":["A=1","FOO"]}"#, "config.Env[1]"),
        (#""config":{"Env":["=x"]}"#, "config.Env[0]"),
        (#""config":{"WorkingDir":"srv"}"#, "config.WorkingDir"),
    ])
    func `a config that runtimes reject is rejected`(members: String, location: String) {
        let error = #expect(throws: JSONError.self) { try Self.read(adding: members) }
        #expect(error?.location == location)
    }

    @Test func `an empty variable is accepted, and Windows has other paths`() throws {
        #expect(try Self.read(adding: #""config":{"Env":["","A="]}"#).environment == ["", "A="])
        let windows = Self.least.replacing("linux", with: "windows")
        let config = try Self.read(
            ManifestTests.adding(#""config":{"WorkingDir":"C:\\app"}"#, to: windows))
        #expect(config.workingDirectory == "C:\\app")
    }

    @Test(arguments: [
        ("2024-02-29T23:59:59Z", true), ("2024-01-01T00:00:00.123456789Z", true),
        ("2024-01-01T00:00:00+02:00", true), ("0001-01-01T00:00:00Z", true),
        ("2023-02-29T00:00:00Z", false), ("2024-13-01T00:00:00Z", false),
        ("2024-01-01T24:00:00Z", false), ("2024-01-01T00:00:60Z", false),
        ("2024-01-01T00:00:00", false), ("2024-01-01 00:00:00Z", false),
        ("2024-01-01T00:00:00.Z", false), ("2024-01-01T00:00:00Z ", false),
        ("24-01-01T00:00:00Z", false), ("now", false),
    ])
    func `dates are those of RFC 3339`(text: String, isValid: Bool) throws {
        let members = "\"created\":\"\(text)\""
        if isValid {
            #expect(try Self.read(adding: members).created == text)
        } else {
            #expect(throws: JSONError.self) { try Self.read(adding: members) }
        }
    }

    @Test func `the error for an invalid digest contains its path`() {
        let text = Self.least.replacing("[\"sha256:", with: "[\"\(ManifestTests.hash)\",\"md5:")
        let error = #expect(throws: JSONError.self) { try Self.read(text) }
        #expect(error?.location == "rootfs.diff_ids[1]")
    }
}
