// SPDX-License-Identifier: Apache-2.0

import Mirroring
import OCI
import Testing

@Suite struct `Regular expressions for tags` {
    private static func select(_ expression: String, from tags: [String]) throws -> Set<String> {
        let tags = try tags.map { try Tag(parsing: $0) }
        return Set(TagPattern(regex: expression).select(from: tags).map(\.name))
    }

    private static let tags = [
        "1", "1.2", "1.2.3", "1.2.3-alpine", "1.10.0", "2.0.0-RC.1", "v1.2.3", "latest", "a_b",
        "x--y",
    ]

    @Test(arguments: [
        (#"1\.\d+\.\d+"#, ["1.2.3", "1.10.0"]),
        (#"v?1\.2(\.3)?(-alpine)?"#, ["1.2", "1.2.3", "1.2.3-alpine", "v1.2.3"]),
        (#"^1(?:\.[0-9]{1,2}){2}$"#, ["1.2.3", "1.10.0"]),
        (#"(?i).*-(rc|beta)\.[1-9].*"#, ["2.0.0-RC.1"]),
        (#"[^0-9v]\w*"#, ["latest", "a_b"]),
        (#"[a-z]+[-_]+[xyzb]"#, ["a_b", "x--y"]),
        (#"x-{2}y|lat.st|a\Wb"#, ["x--y", "latest"]),
        (#"(a|l)*?(_|a)(b|t[e]s{1,}t)"#, ["a_b", "latest"]),
        (#"1{1,}"#, ["1"]), (#"()*1"#, ["1"]), (#"(a*)*|1"#, ["1"]), (#"1$.2"#, []), ("", []),
        (#"[\d.]+"#, ["1", "1.2", "1.2.3", "1.10.0"]),
        (#"[]v1.23]+"#, ["1", "1.2", "1.2.3", "v1.2.3"]),
    ])
    func `match whole tags`(_ expression: String, _ expected: [String]) throws {
        #expect(try Self.select(expression, from: Self.tags) == Set(expected))
    }

    @Test(arguments: [
        "(a+)+b", "(a|a)*b", "(a*)*b", "a*a*a*a*a*a*a*a*a*a*b", "(a|aa)+b", "((a?){100})*b",
    ])
    func `match in linear time`(_ expression: String) throws {
        let tag = String(repeating: "a", count: 127)
        #expect(try Self.select(expression, from: [tag, tag + "b"]) == [tag + "b"])
    }

    @Test(arguments: [
        "(", ")", "[", "[b-a]", "a{2", "a{3,2}", "a{2000}", "(((a{100}){100}){100}){100}", "*",
        "a**",
        "a++", "\\", #"(a)\1"#, "(?=a)", "(?<x>a)", #"\p{L}"#, "[[:alpha:]]",
        String(repeating: "(", count: 50_000),
    ])
    func `that are invalid or unsupported match nothing`(_ expression: String) throws {
        #expect(try Self.select(expression, from: ["a", "aa", "b"]).isEmpty)
    }
}
