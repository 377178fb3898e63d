// SPDX-License-Identifier: Apache-2.0

import OCI
import RegistryTestSupport
import Testing
import Validation

/// The messages of findings, as users see them.
@Suite struct FindingMessageTests {
    private static let history = [
        "/bin/sh -c #(nop) ADD file:1 in / ", "COPY server /app/ # buildkit",
        "RUN /bin/sh -c   chmod +x\t/entry.sh # buildkit",
    ]

    /// Returns the messages about an image with a foreign `/app/server` and a script.
    private static func messages(
        _ script: String, _ command: [String] = [], base: [TarEntry] = Sample.base()
    ) async throws -> [String] {
        let sample = ContentSample(
            name: "",
            layers: [
                base, [Sample.file("app/server", .amd64)], [.file("entry.sh", script)],
            ], entrypoint: ["/entry.sh"], command: command, history: history)
        return try await sample.report().findings.map(\.message)
    }

    @Test func `a finding about a script names the line, the layer and its command`() async throws {
        #expect(
            try await Self.messages("#!/bin/sh\nset -e\nexec /app/server\n") == [
                "linux/arm64: /app/server (line 3 of /entry.sh) is an amd64 binary; "
                    + "layer 2 of 3: COPY server /app/"
            ])
    }

    @Test func `a finding about a missing program names the layer of the script`() async throws {
        let messages = try await Self.messages("#!/bin/sh\nexec /app/none\n")
        #expect(
            messages[0] == "linux/arm64: /app/none (line 2 of /entry.sh) not found; "
                + "layer 3 of 3: chmod +x /entry.sh")
    }

    @Test(arguments: ["#!/bin/sh\r\n", "#!/usr/bin/env sh\r\n", "#!/bin/sh -e\r\n"])
    func `Windows line endings are named`(_ script: String) async throws {
        let messages = try await Self.messages(script)
        #expect(
            messages[0]
                == "linux/arm64: the first line of /entry.sh ends in a carriage return (Windows line "
                + "endings), so its interpreter is not found; layer 3 of 3: chmod +x /entry.sh")
    }

    @Test func `a carriage return after a program is named`() async throws {
        let messages = try await Self.messages("#!/bin/sh\nexec /bin/sh\r\n")
        #expect(
            messages[0]
                == "linux/arm64: /bin/sh (line 2 of /entry.sh) not found: the line ends in a carriage "
                + "return (Windows line endings); layer 3 of 3: chmod +x /entry.sh")
    }

    @Test func `a layer that replaces a link to a directory is named`() async throws {
        let sample = ContentSample(
            name: "", layers: [Sample.base(), [.folder("bin"), Sample.file("bin/app")]],
            entrypoint: ["/bin/sh"])
        let messages = try await sample.report().findings.map(\.message)
        #expect(
            messages == [
                "linux/arm64: entrypoint /bin/sh not found; layer 2 of 2 replaces the link /bin to "
                    + "usr/bin by a directory"
            ])
    }

    @Test func `text of the history is escaped and shortened`() async throws {
        var sample = ContentSample(
            name: "", layers: [[Sample.file("app", .amd64)]], entrypoint: ["/app"])
        sample.history = ["\u{1B}[31m\u{202E}" + String(repeating: "x", count: 10_000)]
        let message = try #require(try await sample.report().findings.first?.message)
        #expect(message.allSatisfy { $0.isASCII && $0 >= " " || $0 == "…" })
        #expect(message.utf8.count < 300)
    }

    @Test(arguments: [[], ["one"], ["one", "two", "three"]])
    func `a history that does not match the layers is not used`(
        _ history: [String]
    ) async throws {
        var sample = ContentSample(
            name: "", layers: [[Sample.file("app", .amd64)], []], entrypoint: ["/app"])
        sample.history = history
        #expect(
            try await sample.report().findings.map(\.message)
                == ["linux/arm64: entrypoint /app is an amd64 binary; layer 1 of 2"])
    }
}
