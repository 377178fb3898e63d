// SPDX-License-Identifier: Apache-2.0

import Testing

@Suite struct ThreatTests {
    @Test func `every threat has a test with its id, and every id of a test is a threat`()
        throws
    {
        let document = Document(
            path: "Documentation/threats.md", text: try Project.text("Documentation/threats.md"))
        let rows = document.rows.compactMap(\.first).filter {
            $0.wholeMatch(of: /[ACDFG]\d\d/) != nil
        }
        #expect(rows.count > 50)
        #expect(rows == rows.sorted())
        let tests = try Self.swiftFiles(in: "Tests").flatMap { path in
            try Project.text(path).matches(of: /func `((?:[A-Z]\d\d )+)/).flatMap { name in
                name.output.1.split(separator: " ").map(String.init)
            }
        }
        let tested = Set(tests.filter { "ACDFG".contains($0.prefix(1)) })
        #expect(Set(rows).subtracting(tested).sorted() == [])
        #expect(tested.subtracting(rows).sorted() == [])
    }

    private static func swiftFiles(in folder: String) throws -> [String] {
        try Project.files(in: folder).flatMap { path -> [String] in
            if path.hasSuffix(".swift") { return [path] }
            // Fixtures have names with a dot; directories of tests do not.
            let name = path.split(separator: "/").last ?? ""
            return name.contains(".") ? [] : (try? swiftFiles(in: path)) ?? []
        }
    }
}
