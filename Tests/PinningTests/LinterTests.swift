// SPDX-License-Identifier: Apache-2.0

import Lockfiles
import OCI
import Pinning
import Testing
import YAML

/// Tests the findings in values files.
@Suite struct LinterTests {
    private static let api = "14c2529eb4498c5d1ffd6915d05bf58a91bdda796af59f41d480d11c099d0479"
    private static let repository = "ghcr.io/acme/mirror/api"

    private static func codes(
        _ text: String, rules: PinRules = PinRules(), reuse: TagReuse = TagReuse(),
        hasLock: Bool = true
    ) throws -> [String] {
        let linter = Linter(hasLock ? try Fixture.lock("images.lock.yaml") : nil, rules: rules)
        let file = linter.lint(
            Array(text.utf8), path: "values.yaml", context: FileContext(reuse: reuse))
        try #require(file.error == nil)
        return file.findings.map { "\($0.mark) \($0.code.rawValue) \($0.severity.rawValue)" }
    }

    @Test(arguments: [
        ("image: R:1.4.2@sha256:D\n", []),
        ("image: R:1.4.2\n", ["1:8 unpinned error"]),
        ("image: R:latest@sha256:D\n", ["1:8 floating-tag warning", "1:8 version-differs error"]),
        ("image: R:1.4.2@sha256:O\n", ["1:8 tag-digest-disagree error"]),
        ("image: R:1.4.0@sha256:O\n", ["1:8 version-differs error"]),
        ("image: R:1.4.1\n", ["1:8 unpinned error", "1:8 version-differs error"]),
        ("image: R:1.4.1@sha256:D\n", ["1:8 version-differs error"]),
        ("image: R@sha256:O\n", ["1:8 not-in-lock warning"]),
        ("image: {repository: R, tag: ''}\n", ["1:8 unpinned error"]),
        ("image: R\n", ["1:8 unpinned error", "1:8 version-differs error"]),
        ("image: S/tempo:2.8.0@sha256:O\n", ["1:8 version-differs error"]),
        ("image: S/kafka:0.46.0@sha256:O\n", ["1:8 version-differs error"]),
        ("image: S/kafka@sha256:O\n", ["1:8 version-differs error"]),
        (
            "image: S/mine:1.4.2@sha256:D # ocimirror: vault\n", ["1:8 version-differs error"]
        ),
        ("image: quay.io/x/y:1@sha256:O\n", ["1:8 not-in-lock warning"]),
        ("image: R:1.4.2@sha256:C\n", ["1:8 child-digest error"]),
        ("image: {repository: R, tag: 1.4.2, sha: 'sha256:D'}\n", ["1:8 digest-form error"]),
        ("image: {repository: R, tag: 1.4.2, digest: abc}\n", ["1:8 digest-form error"]),
        (
            "image: {repository: R, tag: 1.4.2, digest: 'sha256:D', useDigest: false}\n",
            ["1:8 switch-off error"]
        ),
        (
            "image: {repository: R, tag: 1.4.2, digest: 'sha256:D', pullPolicy: Always}\n",
            ["1:8 pull-policy note"]
        ),
        (
            "images: {tag: v1, a: R}\n",
            ["1:15 shared-tag warning", "1:22 unrecognized-image note"]
        ),
        ("image: {tag: v1}\n", ["1:14 repository-elsewhere note"]),
        (
            "image: {repository: quay.io/x/y, tag: 1.10}\n",
            [
                "1:8 unpinned error", "1:8 unquoted-version warning",
            ]
        ),
        ("image: {repository: quay.io/x/y, tag: '1.10'}\n", ["1:8 unpinned error"]),
        ("image: {repository: quay.io/x/y, tag: 0b12ab}\n", ["1:8 unpinned error"]),
        ("image: quay.io/x/y:1\n", ["1:8 unpinned error"]),
        (
            "a:\n  image: &i {repository: R, tag: 1.4.2, digest: 'sha256:D'}\nb:\n  image: *i\n",
            ["2:13 alias-fan-out note"]
        ),
        ("image: \"{{ .Values.x }}\"\n", ["1:8 template-skipped note"]),
        ("{{ if }}\nimage: x\n{{ end }}\n", ["1:1 template-skipped note"]),
        ("a: [\n  é{{ if }}\n", ["2:4 template-skipped note"]),
        ("a: b\nimage: {{ .Values.x }}\n", ["2:8 template-skipped note"]),
    ])
    func `a file has the expected findings`(_ text: String, _ expected: [String]) throws {
        let lock = try Fixture.lock("images.lock.yaml")
        let child = try #require(lock.images["api"]?.platforms.values.first?.digest.hex)
        let text = text.replacing("S/", with: "ghcr.io/acme/mirror/").replacing(
            "R", with: Self.repository
        ).replacing(
            "sha256:D", with: "sha256:\(Self.api)"
        )
        .replacing("sha256:O", with: "sha256:" + String(repeating: "a", count: 64))
        .replacing("sha256:C", with: "sha256:\(child)")
        #expect(try Self.codes(text) == expected)
    }

    @Test func `without a lock file only codes that do not need one are reported`() throws {
        #expect(try Self.codes("image: quay.io/x/y:1\n", hasLock: false) == ["1:8 unpinned error"])
    }

    @Test func `rules set the severity of a finding`() throws {
        let rules = try PinRules(
            parsing: Array("version: 1\nseverities: {unpinned: off, floating-tag: error}\n".utf8))
        #expect(
            try Self.codes("image: \(Self.repository):main\n", rules: rules)
                == ["1:8 floating-tag error", "1:8 version-differs error"])
    }

    @Test func `a digest after a tag that labels use is reported, and is not written`() throws {
        let reuse = TagReuse(templates: [
            Array("app.kubernetes.io/version: {{ .Values.web.image.tag | quote }}\n".utf8)
        ])
        let pinned =
            "web: {image: {repository: \(Self.repository), tag: '1.4.2@sha256:\(Self.api)'}}\n"
        #expect(
            try Self.codes(pinned, reuse: reuse)
                == ["1:14 tag-at-unsafe error"].map {
                    $0.replacing("error", with: "warning")
                })
        let plain = Array("web: {image: {repository: \(Self.repository), tag: 1.4.1}}\n".utf8)
        let pinner = Pinner(try Fixture.lock("images.lock.yaml"), updatesTags: true)
        #expect(
            pinner.pin(plain, path: "values.yaml", context: FileContext(reuse: reuse)).newBytes
                == nil)
        #expect(pinner.pin(plain, path: "values.yaml").newBytes != nil)
    }

    @Test func `a digest after a tag of a chart with unread templates is reported`() throws {
        let pinned =
            "web: {image: {repository: \(Self.repository), tag: '1.4.2@sha256:\(Self.api)'}}\n"
        let reuse = TagReuse(templates: [], isComplete: false)
        #expect(try Self.codes(pinned, reuse: reuse) == ["1:14 tag-use-unknown warning"])
    }

    @Test(arguments: [
        ("image: {repository: b}\n", 1), ("image: {tag: v2}\n", 1),
        ("image: {tag: v1}\n", 0), ("image: {tag: v2, digest: ''}\n", 0),
        ("image: {tag: v2, digest: 'sha256:b'}\n", 0), ("other: {tag: v2}\n", 0),
    ])
    func `a layer that changes an image and inherits its digest is reported`(
        _ layer: String, _ count: Int
    ) {
        var layers = Layers()
        let base = "image: {repository: a, tag: v1, digest: 'sha256:a'}\n"
        #expect(layers.add(Array(base.utf8), path: "values.yaml").isEmpty)
        let findings = layers.add(Array(layer.utf8), path: "values.dev.yaml")
        #expect(findings.map(\.code) == Array(repeating: .digestInherited, count: count))
    }
}
