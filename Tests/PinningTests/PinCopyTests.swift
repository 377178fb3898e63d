// SPDX-License-Identifier: Apache-2.0

import Pinning
import Testing
import YAML

/// Tests how pins of one file are matched with the references of another.
@Suite struct PinCopyTests {
    /// Returns a digest of one repeated letter.
    private static func digest(_ letter: Character) -> String {
        "sha256:" + String(repeating: letter, count: 64)
    }

    /// Promotes between texts in which `@a` is replaced by a digest.
    private static func promote(
        _ source: String, into destination: String,
        selecting selects: @escaping @Sendable (String) -> Bool = { _ in true }
    ) throws -> (file: PinnedFile, text: String) {
        let pinner = try Pinner(
            copying: Array(Self.written(source).utf8), path: "values.yaml", selecting: selects)
        let bytes = Array(Self.written(destination).utf8)
        let file = pinner.pin(bytes, path: "values.yaml")
        return (file, String(decoding: file.newBytes ?? bytes, as: UTF8.self))
    }

    private static func written(_ text: String) -> String {
        "abcdef".reduce(text) { text, letter in
            text.replacing("@\(letter)", with: "@\(digest(letter))")
        }
    }

    /// Returns a document with a container named `app`.
    private static func document(
        _ name: String, _ image: String, kind: String = "Deployment", namespace: String? = nil
    ) -> String {
        "---\nkind: \(kind)\nmetadata: {name: \(name)"
            + (namespace.map { ", namespace: \($0)" } ?? "")
            + "}\nspec: {containers: [{name: app, image: \"\(image)\"}]}\n"
    }

    @Test func `a pin goes to the document of the same name, in any position`() throws {
        let (file, text) = try Self.promote(
            Self.document("web", "r.io/x/app:1@a") + Self.document("worker", "r.io/x/app:2@b"),
            into: Self.document("worker", "r.io/x/app:1") + Self.document("web", "r.io/x/app:1"))
        #expect(file.sites.map(\.status) == [.changed, .changed])
        #expect(
            text
                == Self.written(
                    Self.document("worker", "r.io/x/app:2@b")
                        + Self.document("web", "r.io/x/app:1@a")))
    }

    @Test func `documents without names match by position`() throws {
        let source = "image: r.io/x/app:1@a\n---\nimage: r.io/x/app:2@b\n"
        let (_, text) = try Self.promote(
            source, into: "image: r.io/x/app:1\n---\nimage: r.io/x/app:1\n")
        #expect(text == Self.written(source))
        let (file, same) = try Self.promote(source, into: "image: r.io/x/app:1\n")
        #expect(file.sites.map(\.status) == [.unpinnable])
        #expect(same == "image: r.io/x/app:1\n")
    }

    @Test func `documents of one name match by namespace`() throws {
        let (_, text) = try Self.promote(
            Self.document("web", "r.io/x/app:1@a", namespace: "a")
                + Self.document("web", "r.io/x/app:2@b", namespace: "b"),
            into: Self.document("web", "r.io/x/app:1", namespace: "b")
                + Self.document("web", "r.io/x/app:1", namespace: "a"))
        #expect(
            text
                == Self.written(
                    Self.document("web", "r.io/x/app:2@b", namespace: "b")
                        + Self.document("web", "r.io/x/app:1@a", namespace: "a")))
    }

    @Test func `a single document of a kind matches under another name, two do not`() throws {
        let source = Self.document("web-dev", "r.io/x/app:1@a") + "---\nkind: Service\n"
        let (one, _) = try Self.promote(
            source, into: Self.document("web-prod", "r.io/x/app:1") + "---\nkind: Service\n")
        #expect(one.sites.map(\.status) == [.changed])
        let (two, _) = try Self.promote(
            source + Self.document("job-dev", "r.io/x/app:2@b"),
            into: Self.document("web-prod", "r.io/x/app:1")
                + Self.document("job-prod", "r.io/x/app:1"))
        #expect(two.sites.map(\.status) == [.unpinnable, .unpinnable])
        #expect(two.newBytes == nil)
        #expect(two.sites[0].reason?.hasPrefix("several documents match") == true)
    }

    @Test(arguments: [
        // The same repositories in the same order: by position.
        (
            "[r.io/x/a:1@a, r.io/x/b:1@b]", "[r.io/x/a:0, r.io/x/b:0]",
            "[r.io/x/a:1@a, r.io/x/b:1@b]"
        ),
        (
            "[r.io/x/a:1@a, r.io/x/a:2@b]", "[r.io/x/a:0, r.io/x/a:0]",
            "[r.io/x/a:1@a, r.io/x/a:2@b]"
        ),
        // Another order: by repository.
        (
            "[r.io/x/a:1@a, r.io/x/b:1@b]", "[r.io/x/b:0, r.io/x/a:0]",
            "[r.io/x/b:1@b, r.io/x/a:1@a]"
        ),
        ("[r.io/x/a:1@a, r.io/x/b:1@b]", "[r.io/x/b:0]", "[r.io/x/b:1@b]"),
        // Ambiguous.
        ("[r.io/x/a:1@a, r.io/x/a:2@b]", "[r.io/x/a:0]", "[r.io/x/a:0]"),
        ("[r.io/x/a:1@a]", "[r.io/x/a:0, r.io/x/a:2]", "[r.io/x/a:0, r.io/x/a:2]"),
        (
            "[r.io/x/a:1@a, r.io/x/a:2@b, r.io/x/b:1@c]", "[r.io/x/b:0, r.io/x/a:0, r.io/x/a:0]",
            "[r.io/x/b:1@c, r.io/x/a:0, r.io/x/a:0]"
        ),
    ])
    func `elements without names match only if unambiguous`(
        _ source: String, _ destination: String, _ expected: String
    ) throws {
        let (file, text) = try Self.promote(
            "images: \(source)\n", into: "images: \(destination)\n")
        #expect(text == Self.written("images: \(expected)\n"))
        #expect(file.sites.allSatisfy { ($0.status == .changed) == ($0.new != nil) })
        if destination == expected {
            #expect(file.sites.allSatisfy { $0.status == .unpinnable })
        }
    }

    @Test func `elements of one name match by repository only`() throws {
        let (file, text) = try Self.promote(
            "spec: {containers: [{name: app, image: r.io/x/a:1@a}, {name: app, image: r.io/x/a:2@b}, "
                + "{name: app, image: r.io/x/b:1@c}]}\n",
            into:
                "spec: {containers: [{name: app, image: r.io/x/a:0}, {name: app, image: r.io/x/a:0}, "
                + "{name: app, image: r.io/x/b:0}]}\n")
        #expect(file.sites.map(\.status) == [.unpinnable, .unpinnable, .changed])
        #expect(text.contains("r.io/x/b:1@\(Self.digest("c"))"))
    }

    @Test func `documents and lines in a text have their own paths`() throws {
        func file(_ first: String, _ second: String, _ line: String) -> String {
            "data:\n  values.yaml: |\n    image: \(first)\n    ---\n    image: \(second)\n"
                + "  image_map: |\n    1=\(line)\n    2=\(line)\n"
        }
        let source = file("r.io/x/a:1@a", "r.io/x/a:2@b", "r.io/x/c:1@c")
        let (pinned, text) = try Self.promote(
            source, into: file("r.io/x/a:0", "r.io/x/a:0", "r.io/x/c:0"))
        #expect(pinned.sites.map(\.status) == [.changed, .changed, .changed, .changed])
        #expect(text == Self.written(source))
    }

    @Test func `images that are skipped or not selected do not affect others`() throws {
        let source =
            "a: {image: r.io/x/a:1@a}\nb: {image: r.io/x/b:1@b}\nc: {image: r.io/x/c:1@c}\n"
        let destination =
            "a: {image: r.io/x/a:0}\nb: {image: r.io/other/b:0} # ocimirror: skip\n"
            + "c: {image: r.io/other/c:0}\nimages: {tag: v1}\n"
        let (all, _) = try Self.promote(source, into: destination)
        #expect(all.sites.map(\.status) == [.changed, .skipped, .unpinnable, .unknown])
        let (one, _) = try Self.promote(source, into: destination) { $0 == "a" }
        #expect(one.sites.map(\.status) == [.changed, .skipped, .skipped, .skipped])
    }

    @Test func `a skip directive takes precedence over every error`() throws {
        let pinner = Pinner(try Fixture.lock("images.lock.yaml"))
        let file = pinner.pin(
            Array(
                """
                images: {tag: v1} # ocimirror: skip
                image:
                  repository: ghcr.io/acme/mirror/api # ocimirror: api
                  repository: ghcr.io/acme/mirror/api
                  tag: 1.4.1 # ocimirror: skip

                """.utf8), path: "values.yaml")
        #expect(file.sites.map(\.status) == [.skipped, .skipped])
        #expect(file.sites.allSatisfy { $0.reason == "skipped by a directive" })
    }

    @Test func `thousands of documents of one name are not compared with thousands`() throws {
        func documents(_ count: Int, _ digest: String) -> String {
            String(
                repeating: "---\nkind: A\nmetadata: {name: b}\nimage: r.io/x/a:1\(digest)\n",
                count: count)
        }
        let (file, _) = try Self.promote(documents(3000, "@a"), into: documents(3000, ""))
        #expect(file.sites.allSatisfy { $0.status == .unpinnable } && file.sites.count == 3000)
        let items = (0..<3000).map { "- r.io/x/a\($0):1" }
        let (list, _) = try Self.promote(
            "images:\n" + items.map { "\($0)@a\n" }.joined(),
            into: "images:\n" + items.reversed().map { "\($0)\n" }.joined())
        #expect(list.sites.allSatisfy { $0.status == .changed } && list.sites.count == 3000)
    }

    @Test func `a file that cannot be written has no changed images`() throws {
        var (file, _) = try Self.promote(
            "a: {image: r.io/x/a:1@a}\n", into: "a: {image: r.io/x/a:0}\n")
        #expect(file.sites.map(\.status) == [.changed])
        file.failToWrite(YAMLError(at: YAMLMark(line: 1, column: 1), "cannot write it: a reason"))
        #expect(file.newBytes == nil && file.error?.message == "cannot write it: a reason")
        #expect(file.sites.map(\.status) == [.unpinnable] && file.sites[0].new == nil)
    }
}
