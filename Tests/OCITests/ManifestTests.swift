// SPDX-License-Identifier: Apache-2.0

import Hashing
import OCI
import StrictJSON
import Testing

@Suite struct ManifestTests {
    static let hash = "sha256:" + String(repeating: "ab", count: 32)
    static let index = "application/vnd.oci.image.index.v1+json"
    static let manifest = "application/vnd.oci.image.manifest.v1+json"
    static let config =
        #"{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"\#(hash)","size":2}"#
    static let layer =
        #"{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"\#(hash)","size":3}"#
    static let child = #"{"mediaType":"\#(manifest)","digest":"\#(hash)","size":4}"#
    static let image = #"{"schemaVersion":2,"config":\#(config),"layers":[\#(layer)]}"#
    static let list = #"{"schemaVersion":2,"manifests":[\#(child)]}"#

    static func read(_ text: String, as type: MediaType) throws -> Manifest {
        try RawManifest(describing: Array(text.utf8), as: type).decoded()
    }

    static func readImage(_ text: String) throws -> ImageManifest? {
        guard case .image(let image) = try read(text, as: .ociManifest) else { return nil }
        return image
    }

    static func readIndex(_ text: String) throws -> ImageIndex? {
        guard case .index(let index) = try read(text, as: .ociIndex) else { return nil }
        return index
    }

    @Test(arguments: [MediaType.ociManifest, .dockerManifest])
    func `an image manifest is parsed`(type: MediaType) throws {
        guard case .image(let image) = try Self.read(Self.image, as: type) else {
            Issue.record("no image")
            return
        }
        #expect(image.config.mediaType == .ociConfig)
        #expect(image.config.size == 2)
        #expect(image.layers.map(\.size) == [3])
        #expect(image.subject == nil)
    }

    @Test(arguments: [MediaType.ociIndex, .dockerList])
    func `an index is parsed`(type: MediaType) throws {
        guard case .index(let index) = try Self.read(Self.list, as: type) else {
            Issue.record("no index")
            return
        }
        #expect(index.manifests.map(\.mediaType) == [.ociManifest])
        #expect(index.manifests.map(\.digest.description) == [Self.hash])
    }

    @Test func `whitespace, member order and unknown fields are ignored`() throws {
        let text = """
            \r\n{ "vendor.x":[{"Layers":[1]}], "layers"\t: [ ] , "annotations":{"a":"\\u001b","é":"b"},
            "subject":\(Self.child), "artifactType":"application/vnd.example+type",
            "config":\(Self.config),   "mediaType":"\(Self.manifest)","schemaVersion":2 }\n
            """
        let image = try #require(try Self.readImage(text))
        #expect(image.layers.isEmpty)
        #expect(image.annotations == ["a": "\u{1B}", "é": "b"])
        #expect(image.subject?.size == 4)
        #expect(image.artifactType?.name == "application/vnd.example+type")
        let raw = RawManifest(describing: Array(text.utf8), as: .ociManifest)
        #expect(raw.bytes == Array(text.utf8))
    }

    @Test func `an index entry keeps all fields of its descriptor`() throws {
        let entry = """
            {"mediaType":"\(Self.manifest)","digest":"\(Self.hash)","size":4,"urls":["https://x.test/"],
             "platform":{"os":"linux","architecture":"arm64","variant":"v8","os.features":["x"]},
             "artifactType":"application/vnd.example","annotations":{"k":"v"},"data":"e30="}
            """
        let index = try Self.readIndex(#"{"schemaVersion":2,"manifests":[\#(entry)]}"#)
        let descriptor = try #require(index?.manifests.first)
        #expect(descriptor.platform == .linuxARM64)
        #expect(descriptor.annotations == ["k": "v"])
        #expect(descriptor.hasURLs)
        #expect(descriptor.artifactType?.name == "application/vnd.example")
    }

    /// Returns the document with additional members at its end.
    static func adding(_ members: String, to document: String) -> String {
        "\(document.dropLast()),\(members)}"
    }

    /// The same bytes must not be an image to one reader and an index to another.
    @Test(arguments: ["layers", "config", "fsLayers", "blobs"], ["[]", "{}", "null"])
    func `an index with keys of an image manifest is rejected`(key: String, value: String) {
        let text = Self.adding("\"\(key)\":\(value)", to: Self.list)
        let error = #expect(throws: JSONError.self) { try Self.readIndex(text) }
        #expect(error?.location == key)
    }

    @Test(arguments: ["manifests", "fsLayers", "blobs"], ["[]", "{}", "null"])
    func `an image manifest with keys of an index is rejected`(key: String, value: String) {
        let text = Self.adding("\"\(key)\":\(value)", to: Self.image)
        let error = #expect(throws: JSONError.self) { try Self.readImage(text) }
        #expect(error?.location == key)
    }

    @Test(
        arguments: ["schemaVersion", "mediaType", "manifests", "layers", "config", "subject"]
            + ["artifactType", "annotations", "fsLayers", "blobs"])
    func `a known key with different case or a duplicate key is rejected`(key: String) {
        let capital = key.prefix(1).uppercased() + key.dropFirst()
        for spelling in [capital, key.uppercased(), key.replacing("s", with: "\u{17F}")]
        where spelling != key {
            for document in [Self.image, Self.list] {
                let text = "{\"\(spelling)\":2,\(document.dropFirst())"
                #expect(throws: JSONError.self) { try Self.readImage(text) }
                #expect(throws: JSONError.self) { try Self.readIndex(text) }
            }
        }
        #expect(throws: JSONError.self) {
            try Self.readImage("{\"\(key)\":null,\"\(key)\":null,\(Self.image.dropFirst())")
        }
    }

    @Test(arguments: ["history", "signatures", "x"], ["History", "x", "X"])
    func `members that are not read may occur twice and in any case`(
        first: String, second: String
    ) throws {
        for name in [first, second] {
            let members = "\"\(first)\":1,\"\(name)\":[{\"a\":1,\"a\":2}],"
            _ = try Self.readImage("{\(members)\(Self.image.dropFirst())")
            _ = try Self.readIndex("{\(members)\(Self.list.dropFirst())")
        }
    }

    private static let otherImages: [String] = [
        // Other versions.
        image.replacing("n\":2", with: "n\":1"), image.replacing("n\":2", with: "n\":\"2\""),
        image.replacing("n\":2", with: "n\":2.0"), image.replacing("n\":2", with: "n\":null"),
        image.replacing("\"schemaVersion\":2,", with: ""),
        // Missing members, or members of another type.
        "{\"schemaVersion\":2}", "{\"schemaVersion\":2,\"layers\":[]}",
        image.replacing("\"layers\":[\(layer)]", with: "\"layers\":null"),
        image.replacing("\"layers\":[\(layer)]", with: "\"layers\":{}"),
        image.replacing("\"layers\":[\(layer)]", with: "\"layers\":[null]"),
        image.replacing("\"layers\":[\(layer)]", with: "\"x\":[]"),
        image.replacing("\"config\":\(config)", with: "\"config\":null"),
        image.replacing("\"config\":\(config)", with: "\"config\":[\(config)]"),
        adding("\"subject\":{}", to: image), adding("\"artifactType\":\"x\"", to: image),
        adding("\"annotations\":{\"a\":1}", to: image), adding("\"annotations\":[]", to: image),
        // No document, or more than one.
        "", "null", "[]", "\"x\"", "<html></html>", image + image, String(image.dropLast()),
        // Trailing commas, byte order marks, surrogates, NUL, deep nesting.
        adding("", to: image), "\u{FEFF}" + image, adding("\"x\":\"\\ud800\"", to: image),
        adding("\"x\":\"\\u0000\"", to: image),
        adding(
            "\"x\":\(String(repeating: "[", count: 99) + String(repeating: "]", count: 99))",
            to: image),
    ]

    @Test(arguments: otherImages)
    func `an invalid image manifest is rejected`(text: String) {
        #expect(throws: JSONError.self) { try Self.readImage(text) }
    }

    @Test(arguments: [
        "", ",\"manifests\":null", ",\"manifests\":{}", ",\"manifests\":[[]]",
        ",\"manifests\":[{}]",
    ])
    func `an invalid index is rejected`(members: String) {
        #expect(throws: JSONError.self) { try Self.readIndex("{\"schemaVersion\":2\(members)}") }
    }

    @Test(
        arguments: [.dockerSchema1, .dockerSchema1Signed, .ociConfig, .octetStream] as [MediaType])
    func `a media type of something other than a manifest is rejected`(type: MediaType) {
        for text in [Self.image, Self.list] {
            #expect(throws: JSONError.self) { try Self.read(text, as: type) }
        }
    }

    @Test func `a manifest of another kind than its media type is rejected`() {
        for type in [MediaType.ociIndex, .dockerList] {
            #expect(throws: JSONError.self) { try Self.read(Self.image, as: type) }
        }
        for type in [MediaType.ociManifest, .dockerManifest] {
            #expect(throws: JSONError.self) { try Self.read(Self.list, as: type) }
        }
    }

    @Test(
        arguments: [
            (manifest, true), (index, false),
            ("application/vnd.docker.distribution.manifest.v2+json", false),
            ("application/vnd.oci.image.manifest.v1+JSON", false),
            ("\(manifest); charset=utf-8", false),
            (" \(manifest)", false), ("application/json", false), ("", false), ("x", false),
        ])
    func `the mediaType member must be equal to the declared media type`(
        stated: String, agrees: Bool
    ) {
        let text = "{\"mediaType\":\"\(stated)\",\(Self.image.dropFirst())"
        #expect(((try? Self.readImage(text)) != nil) == agrees)
    }

    @Test func `other encodings than UTF-8 are rejected`() {
        let utf16 = Array(Self.image.utf16).flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
        let latin =
            Array(Self.image.dropLast().utf8) + Array(",\"x\":\"".utf8) + [0xE9, 0x22, 0x7D]
        for bytes in [utf16, [0xFF, 0xFE] + utf16, latin] {
            #expect(throws: JSONError.self) {
                try RawManifest(describing: bytes, as: .ociManifest).decoded()
            }
        }
    }

    @Test func `a manifest of the maximum size is parsed`() throws {
        let entries = String(repeating: Self.child + ",", count: 24_000) + Self.child
        let text = #"{"schemaVersion":2,"manifests":[\#(entries)]}"#
        let padded = text + String(repeating: " ", count: RawManifest.maximumSize - text.utf8.count)
        #expect(try Self.readIndex(padded)?.manifests.count == 24_001)
    }
}
