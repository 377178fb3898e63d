// SPDX-License-Identifier: Apache-2.0

import Pinning
import Testing

/// Tests every shape of an image reference, and every place at which a digest does not belong.
///
/// They are serialized, because they use a thread for long, and other tests would wait too long between
/// two requests on one connection.
@Suite(.serialized) struct CorpusTests {
    @Test func `the corpus is found`() throws {
        #expect(try CorpusCase.all().count >= 120)
    }

    @Test(arguments: [
        "file: a.yaml\n", "=== input\n=== input\n", "=== inputs\n=== input\n",
        "=== /values.yaml\n=== input\n", "=== reports\n=== input\n", "files: a\n=== input\n",
        "options: crfl\n=== input\n", "text\n=== input\n", "=== input\na: b\n",
    ])
    func `a file of the corpus with a misspelled part is rejected`(_ text: String) {
        #expect(throws: CorpusCase.FormatError.self) { try CorpusCase("x", parsing: text) }
    }

    @Test(arguments: try CorpusCase.all())
    func `a file is pinned byte for byte as expected`(_ file: CorpusCase) throws {
        let before = try file.before()
        let pinned = try file.pinned(before)
        let after = pinned.newBytes ?? before
        #expect(
            String(decoding: after, as: UTF8.self)
                == String(decoding: try file.after(), as: UTF8.self))
        #expect(after == (try file.after()))
        #expect(file.report(pinned) == file.report)
    }

    @Test(arguments: try CorpusCase.all())
    func `a second run changes nothing in a file of the corpus`(_ file: CorpusCase) throws {
        let again = try file.pinned(try file.after())
        #expect(again.newBytes == nil)
        #expect(again.sites.allSatisfy { $0.status != .changed })
    }

    @Test(arguments: try CorpusCase.all())
    func `a file of the corpus has the expected findings`(_ file: CorpusCase) throws {
        #expect(try file.lint(try file.before()) == file.findings)
    }

    @Test(arguments: try CorpusCase.all())
    func `a file in which everything is pinned has no finding that fails a check`(
        _ file: CorpusCase
    ) throws {
        let after = try file.after()
        guard try file.pinned(after).sites.allSatisfy({ [.pinned, .skipped].contains($0.status) })
        else { return }
        let linter = Linter(try Fixture.lock("images.lock.yaml"), rules: try file.rules())
        let findings = linter.lint(after, path: file.path, context: file.context).findings
        #expect(findings.filter { $0.severity == .error }.map(\.message) == [])
    }
}
