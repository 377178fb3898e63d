// SPDX-License-Identifier: Apache-2.0

import OCI
import RegistryTestSupport
import StrictJSON
import Testing

@testable import ocimirror

/// The program on a terminal, and without one.
@Suite(.timeLimit(.minutes(10))) struct `a run on a terminal` {
    private let mirror: HalfwayMirror
    private var source: LoopbackRegistry { mirror.source }
    private var target: LoopbackRegistry { mirror.target }
    private var gate: Gate { mirror.gate }
    private var workspace: Workspace { mirror.workspace }
    private var streams: TemporaryFolder { mirror.streams }

    init() throws {
        var mirror = try HalfwayMirror()
        mirror.workspace.environment = ["TERM": "xterm-256color", "LANG": "C.UTF-8"]
        self.mirror = mirror
    }

    /// The screen of a pseudo-terminal.
    private struct Display {
        let device: PseudoTerminal
        var terminal: TerminalEmulator
        private var pending = ""
        private(set) var everything = ""

        init(columns: Int) throws {
            device = try PseudoTerminal(columns: columns, rows: 24)
            terminal = TerminalEmulator(columns: columns)
        }

        /// Reads the output up to the last complete line; at the end, all of it.
        mutating func look(isLast: Bool = false) {
            pending += String(decoding: device.read(), as: UTF8.self) + (isLast ? "\n" : "")
            guard let end = pending.unicodeScalars.lastIndex(of: "\n")
            else { return }
            let whole = String(pending.unicodeScalars[...end])
            pending = String(pending.unicodeScalars[end...].dropFirst())
            everything += whole
            terminal.write(whole)
        }

        /// Waits until a row matches; fails if the process ends before.
        mutating func wait(
            for process: SpawnedProcess, until isDue: ([String]) -> Bool
        ) async throws {
            while !isDue(terminal.rows) {
                try #require(process.isRunning, "\(everything)")
                try await onOwnThread { [device] in device.waitForOutput() }
                look()
            }
        }
    }

    @Test(arguments: [[:], ["NO_COLOR": "1"]])
    func `draws status lines, follows a resize, and removes them at the end`(
        variables: [String: String]
    ) async throws {
        var workspace = workspace
        workspace.environment.merge(variables) { $1 }
        var display = try Display(columns: 140)
        let process = try workspace.start(
            "sync", output: streams("output"), errors: display.device.path)
        try await display.wait(for: process) { rows in
            rows.contains { $0.hasPrefix(" 1 of 2 images") } && rows.contains(" processing slow")
        }
        #expect(display.terminal.rows.first?.hasPrefix("ocimirror: app: mirrored, ") == true)

        // Stops the process, so that nothing is drawn for the old width afterwards.
        process.pause()
        display.look()
        display.device.resize(columns: 24, rows: 24)
        display.terminal.resize(to: 24)
        process.resume()
        try await display.wait(for: process) { $0.contains(" 1 of 2 images") }
        #expect(
            display.terminal.rows.count { $0.contains("images") } == 1, "and nothing is left of it")

        process.interrupt()
        #expect(try await onOwnThread { process.wait() } == 130)
        gate.open()
        display.look(isLast: true)
        #expect(display.terminal.isAtFreshLine)
        #expect(!display.terminal.rows.contains { $0.contains("images") }, "the view is gone")
        #expect(display.terminal.rows.joined().contains("interrupted"))
        #expect(display.terminal.unknown.isEmpty)
        #expect(!display.everything.contains("\u{1B}[?25l"), "the cursor stays")
        #expect(display.everything.contains("\u{1B}[1m") == variables.isEmpty)
        let result = streams.text("output")
        #expect(!result.contains("\u{1B}"))
        #expect(result.contains("interrupted, not finished: slow"))
    }

    @Test func `shows a throttled host and the reason`() async throws {
        source.inject(
            .on(
                .head, "/v2/slow/manifests/1.0",
                .answer(.tooManyRequests, headers: ["Retry-After": "45"])))
        var display = try Display(columns: 100)
        let process = try workspace.start(
            "sync", output: streams("output"), errors: display.device.path)
        try await display.wait(for: process) {
            $0.contains { $0.hasPrefix(" \(source.host): ") && $0.contains("; retrying in 0:4") }
        }
        #expect(!display.terminal.rows.contains { $0.contains("trying again") }, "the view has it")
        process.interrupt()
        #expect(try await onOwnThread { process.wait() } == 130)
        gate.open()
    }

    @Test func `prints the result on the terminal, and messages as lines elsewhere`() async throws {
        var display = try Display(columns: 80)
        let process = try workspace.start(
            "sync", output: display.device.path, errors: streams("errors"))
        await target.waitForRequests(RequestPattern(.put, "/v2/mirror/slow/manifests/1.0"))
        target.heal()
        gate.open()
        #expect(try await onOwnThread { process.wait() } == 0)
        display.look()
        #expect(display.terminal.rows.contains { $0.hasPrefix("app   mirrored") })
        let lines = streams.text("errors").split(separator: "\n")
        #expect(lines.contains { $0.contains("copying to") })
        #expect(lines.count { $0.hasPrefix("ocimirror: ") && $0.contains(": mirrored, ") } == 2)
        #expect(lines.contains { $0.hasSuffix("(2 of 2)") })
        #expect(!streams.text("errors").contains("\u{1B}"))
    }

    @Test(arguments: [["TERM": "dumb"], ["CI": "true"]])
    func `draws nothing without an interactive terminal`(variables: [String: String]) async throws {
        var workspace = workspace
        workspace.environment.merge(variables) { $1 }
        var display = try Display(columns: 80)
        target.heal()
        gate.open()
        let process = try workspace.start(
            "sync", output: streams("output"), errors: display.device.path)
        #expect(try await onOwnThread { process.wait() } == 0)
        display.look()
        #expect(!display.everything.contains("\u{1B}[J"))
        #expect(display.terminal.rows.joined().contains("(2 of 2)"))
    }

    @Test(arguments: [[], ["--verbose"]])
    func `writes JSON lines with --log-format json`(further: [String]) async throws {
        target.heal()
        gate.open()
        source.inject(.on(.head, "/v2/app/manifests/1.0", hits: 1...1, .answer(.unavailable)))
        let run = try await workspace.run(
            arguments: ["sync", "--log-format", "json", "--json"] + further)
        #expect(run.status == 0, "\(run.said)")
        let entries = try run.errors.split(separator: "\n").map {
            try JSONValue(parsing: Array($0.utf8))
        }
        let events = entries.compactMap { $0["event"]?.text.flatMap(LogEntry.Event.init) }
        #expect(events.count == entries.count)
        #expect(events.count { $0 == .imageFinished } == 2)
        #expect(events.contains(.retry))
        #expect(events.contains(.request) == !further.isEmpty)
        let last = try #require(entries.last { $0["event"] == "image-finished" })
        #expect(last["status"] == "mirrored")
        #expect(last["finished"] == 2)
        #expect(last["total"] == 2)
        #expect(try run.json["exitCode"] == 0, "the result is what it always is")
    }

    @Test func `also writes errors as JSON, even with --quiet`() async throws {
        let run = try await workspace.run(
            "sync", "--log-format", "json", "--quiet", "--config", "none.yaml")
        #expect(run.status == 78)
        let entry = try JSONValue(parsing: Array(run.errors.utf8))
        #expect(entry["level"] == "error")
        #expect(entry["hint"]?.text?.contains("mirror.yaml") == true)
    }
}

extension JSONValue {
    fileprivate var text: String? { if case .string(let text) = self { text } else { nil } }
}
