// SPDX-License-Identifier: Apache-2.0

import RegistryTestSupport
import Testing

/// The rendered manual pages.
@Suite(.timeLimit(.minutes(10))) struct ManualTests {
    @Test func `mandoc reports no problem in a manual page`() async throws {
        let folder = "\(Workspace.project)/Documentation/man"
        let said = try await Workspace().shell(
            "for page in \(folder)/*.1; do mandoc -T lint -W warning \"$page\" || true; done")
        #expect(said == "")
    }

    @Test func `a manual page renders options as they are typed`() async throws {
        let page = "\(Workspace.project)/Documentation/man/ocimirror-sync.1"
        let text = try await Workspace().shell("mandoc -T ascii \(page) | sed 's/.\\x08//g'")
        #expect(text.contains("ocimirror sync [OPTIONS] [ID ...]"))
        #expect(text.contains("--refresh-referrers"))
        #expect(text.contains("ocimirror sync grafana 'redis-*'"))
    }
}
