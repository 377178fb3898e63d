// SPDX-License-Identifier: Apache-2.0

import CommandLineKit
import Testing

@testable import ocimirror

/// Rules for all documents: links, paths and command lines.
@Suite struct DocumentTests {
    @Test func `every link leads to a file and to a heading in it`() throws {
        let documents = try Project.documents()
        let anchors = Dictionary(uniqueKeysWithValues: documents.map { ($0.path, $0.anchors) })
        for document in documents {
            for link in document.links where !link.hasPrefix("https://") {
                let parts = link.split(separator: "#", omittingEmptySubsequences: false)
                let path =
                    parts[0].isEmpty
                    ? document.path : Self.resolve(String(parts[0]), from: document.path)
                #expect(try Project.has(path), "\(document.path): \(link)")
                guard parts.count > 1 else { continue }
                #expect(
                    anchors[path]?.contains(String(parts[1])) == true, "\(document.path): \(link)")
            }
        }
    }

    @Test func `every document is reachable from the README`() throws {
        let documents = try Project.documents()
        var reached: Set<String> = ["README.md"]
        var isGrowing = true
        while isGrowing {
            let links = documents.filter { reached.contains($0.path) }.flatMap { document in
                document.links.map {
                    Self.resolve(String($0.prefix { $0 != "#" }), from: document.path)
                }
            }
            let known = reached.count
            reached.formUnion(links)
            isGrowing = reached.count > known
        }
        for document in documents { #expect(reached.contains(document.path), "\(document.path)") }
    }

    @Test func `every project path that a document mentions exists`() throws {
        let folders = ["Sources/", "Tests/", "Documentation/", "Examples/", "ci/", ".ci/"]
        for document in try Project.documents() {
            for code in document.inlineCode where folders.contains(where: code.hasPrefix) {
                let path = code.prefix { $0 != " " }
                #expect(try Project.has(String(path)), "\(document.path): \(code)")
            }
        }
    }

    @Test func `every command line is valid`() throws {
        var count = 0
        for document in try Project.documents() {
            for line in document.commandLines where line.hasPrefix("ocimirror ") {
                // `[ID…]` in an overview means optional words.
                let words = shellWords(line).dropFirst().filter { !$0.hasPrefix("[") }
                    .map { $0.replacing("…", with: "") }
                #expect(throws: Never.self, "\(document.path): \(line)") {
                    try Program.tree.parse(words, environment: [:])
                }
                count += 1
            }
        }
        #expect(count > 10)
    }

    @Test func `the README begins with the two commands that continuous integration runs`() throws {
        let readme = Document(path: "README.md", text: try Project.text("README.md"))
        let commands = readme.commandLines.filter { $0.hasPrefix("ci/") }.prefix(2)
            .map { shellWords($0).joined(separator: " ") }
        #expect(commands == ["ci/demo", "ci/test"])
        let run = try Project.text(".ci/run").split(separator: "\n")
        #expect(run.suffix(2).map { shellWords($0).last } == commands)
    }

    @Test(arguments: [
        ("ocimirror sync 'redis-*'  # these", ["ocimirror", "sync", "redis-*"]),
        ("ocimirror sync --json > run.json", ["ocimirror", "sync", "--json"]),
        ("ocimirror plan | less", ["ocimirror", "plan"]),
    ])
    func `a command line is split as a shell splits it`(_ line: String, _ words: [String]) {
        #expect(shellWords(line) == words)
    }

    /// Returns the path that a link points to, relative to the project's root.
    private static func resolve(_ link: String, from document: String) -> String {
        var parts = document.split(separator: "/").dropLast().map(String.init)
        for part in link.split(separator: "/").map(String.init) {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return parts.joined(separator: "/")
    }
}
