// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Mirroring
import Testing
import TextSafety

@Suite struct `Diagnostics of the configuration` {
    @Test func `report all problems at once, each with its line and a caret`() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
        let golden = folder.appending(path: "Golden")
        let yaml = try Data(contentsOf: golden.appending(path: "problems.yaml"))
        let expected = try Data(contentsOf: golden.appending(path: "problems.txt"))
        let errors = try #require(throws: ConfigurationErrors.self) {
            try ConfigurationFixture.loader.load(text: Array(yaml))
        }
        #expect(errors.description + "\n" == String(decoding: expected, as: UTF8.self))
    }

    @Test func `are empty for the configuration of this repository`() throws {
        var root = URL(filePath: #filePath)
        for _ in 0..<4 { root.deleteLastPathComponent() }
        let loader = ConfigurationLoader(
            file: "mirror.yaml", environment: [:], baseDirectory: root.path())
        let yaml = try Data(contentsOf: root.appending(path: "mirror.yaml"))
        let loaded = try loader.load(text: Array(yaml))
        #expect(loaded.warnings.isEmpty)
        #expect(loaded.configuration.images.count == 31)
        let naming = Naming(images: loaded.configuration.images)
        let ids = naming.knownImages(in: loaded.configuration.images).map(\.lockID)
        #expect(Set(ids).count == ids.count)
        #expect(ids.contains("postgres"))
        #expect(ids.contains("redis-7-2-5"))
        #expect(ids.contains("redis-7-4-1"))
        #expect(ids.contains("redis-operator-v1-2-4"))
        #expect(ids.contains("temporalio-server"))
        #expect(ids.contains("grafana"))
    }

    @Test(arguments: [
        "password: hunter2: x", "pasword: hunter2", "username: hunter2", "tokn: hunter2",
        "credentials: hunter2", "credentials: [hunter2]", "credentials: {hunter2: 1}",
        "credentials: {username: hunter2, password: {hunter2: x}}",
        "credentials: {username: u, passwrd: hunter2}",
        "credentials: {username: '', password: hunter2}",
        "credentials: {username: u, password: hunter2, extra: 1}", "auth: hunter2",
        "credentials: {username: u, password: [hunter2, *hunter2]}",
        "credentials: &a {username: u, password: &hunter hunter2}", "Credentials: {a: hunter2}",
        "credentials: {username: u, password: 'hunter2}",
        "credentials: {username: u, password: 'hunter2',",
        "registryToken: {value: hunter2}",
        "credentials:\n      username: u\n      password: >\n        hunter2\n      x: hunter2",
        "credentials:\n      username: 7\n      password: \"hunter2\n      and hunter2",
    ])
    func `never contain credentials, even if the text around them is invalid`(_ options: String) {
        let yaml =
            ConfigurationFixture.topLevel(
                "registries:\n  quay.io:\n    \(options)\n    concurrency: x")
        do throws(ConfigurationErrors) {
            _ = try ConfigurationFixture.load(yaml)
            Issue.record("the configuration was accepted")
        } catch {
            #expect(!error.description.contains("hunter2"), "\(error)")
        }
    }

    @Test func `escape the text of the file`() throws {
        let yaml = ConfigurationFixture.topLevel("\"pl\\e[31m\u{202E}x\": 1 # ::error::")
        let error = try #require(throws: ConfigurationErrors.self) {
            try ConfigurationFixture.load(yaml)
        }
        let text = error.description
        #expect(!text.contains("\u{1B}"))
        #expect(!text.contains("\u{202E}"))
        #expect(!text.contains("::error::"))
    }

    @Test func `report invalid YAML once, with its location`() {
        let problems = ConfigurationFixture.problems(of: "version: 1\nimages: [redis:7\n")
        #expect(problems.count == 1)
        #expect(problems.first?.hasPrefix("3:1: invalid YAML: ") == true, "\(problems)")
        #expect(
            ConfigurationFixture.problems(of: "a: \u{7}") == [
                "1:4: invalid YAML: the control character U+0007 is not allowed"
            ])
    }

    @Test(arguments: [
        ("", "1:1: the file is empty; set version, targets and images"),
        (
            "# nothing\n",
            "1:1: the file is empty; set version, targets and images"
        ),
        ("---\n", "1:1: the file is empty; set version, targets and images"),
        ("version: 2\nfuture: true\n", "1:10: version: expected 1, found number '2'"),
        ("- a\n", "1:1: top level: expected a mapping with the keys version, platforms"),
    ])
    func `report one problem for a file that is not a configuration`(
        _ yaml: String, _ problem: String
    ) {
        let problems = ConfigurationFixture.problems(of: yaml)
        #expect(problems.count == 1)
        #expect(problems.first?.hasPrefix(problem) == true, "\(problems)")
    }

    @Test func `name every missing key`() {
        let problems = ConfigurationFixture.problems(of: "platforms: [linux/amd64]\n")
        #expect(
            problems.map { $0.prefix { $0 != ";" } } == [
                "1:1: missing key 'images'", "1:1: missing key 'targets'",
                "1:1: missing key 'version'",
            ])
    }

    @Test func `place the caret below the location after wide characters`() throws {
        let yaml = ConfigurationFixture.topLevel("platforms: [\"画像\", linux]")
        let error = try #require(throws: ConfigurationErrors.self) {
            try ConfigurationFixture.load(yaml)
        }
        let last = try #require(error.diagnostics.last)
        let lines = last.excerptLines(width: 80).split(separator: "\n")
        let start = try #require(lines[0].firstRange(of: "linux]")).lowerBound
        let width = lines[0][..<start].unicodeScalars.reduce(0) { $0 + $1.columns }
        #expect(lines[1].count - 1 == width)
    }

    @Test func `truncate a long line so that the location stays visible`() throws {
        let yaml = ConfigurationFixture.topLevel(
            "platforms: [\(String(repeating: "é, ", count: 100))linux]")
        let error = try #require(throws: ConfigurationErrors.self) {
            try ConfigurationFixture.load(yaml)
        }
        let last = try #require(error.diagnostics.last)
        #expect(last.column == 313)
        #expect(last.excerpt.hasPrefix("…"))
        let place = last.excerpt.index(last.excerpt.startIndex, offsetBy: last.caret)
        #expect(last.excerpt[place...] == "linux]")
        for width in [40, 60, 80, 1000] {
            let lines = last.excerptLines(width: width).split(separator: "\n")
            #expect(lines.count == 2 && lines.allSatisfy { $0.count <= width }, "\(lines)")
            let caret = lines[0].index(lines[0].startIndex, offsetBy: lines[1].count - 1)
            #expect(lines[0][caret...] == "linux]")
        }
    }

    @Test(arguments: [
        ("a$b $$ $", "a$b $$ $"), ("${A}", "1"), ("${A}${A}", "11"), ("x${B:-y}z", "xyz"),
        ("${A:-y}", "1"), ("${E:-y}", "y"), ("${E}", ""), ("${A:?m}", "1"), ("${B:-}", ""),
        ("${1}", "${1}"), ("${A", "${A"), ("${}", "${}"), ("${A-b}", "${A-b}"), ("$A", "$A"),
        ("${B:-a$b:-c}", "a$b:-c"), ("$${A}", "$1"), ("${Ä}", "${Ä}"),
    ])
    func `variables expand in their three forms, and other text stays as it is`(
        _ text: String, _ expanded: String
    ) throws {
        let loader = ConfigurationLoader(
            file: "m", environment: ["A": "1", "E": ""], baseDirectory: "/")
        let yaml = """
            version: 1
            images: [redis:7]
            targets: [{prefix: ghcr.io/x, lock: l}]
            registries: {quay.io: {credentials: {username: u, password: 'x\(text)'}}}
            """
        let configuration = try loader.load(text: Array(yaml.utf8)).configuration
        #expect(
            configuration.registries.values.first?.credentials?.password.reveal() == "x\(expanded)")
    }

    @Test(arguments: [
        ("${B}", "variable B is not set; set it, or use ${B:-} for an empty value"),
        ("${B:?ask\u{1B}ops}", "variable B is not set: ask\\u{1b}ops"),
        ("${E:?}", "variable E is not set"),
        ("${A:-${B}}", "variables cannot be nested in '${A:-…}'"),
    ])
    func `report a variable without a value`(_ text: String, _ message: String) {
        let loader = ConfigurationLoader(
            file: "m", environment: ["A": "1", "E": ""], baseDirectory: "/")
        let quoted = text.replacing("\u{1B}", with: "\\e")
        let yaml = ConfigurationFixture.target("{prefix: \"é/\(quoted)\", lock: l}")
        let error = #expect(throws: ConfigurationErrors.self) {
            try loader.load(text: Array(yaml.utf8))
        }
        #expect(error?.diagnostics.map(\.message) == ["prefix: \(message)"])
        #expect(error?.diagnostics.map(\.column) == [17])
    }
}
