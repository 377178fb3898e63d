// SPDX-License-Identifier: Apache-2.0

import OCI
import Testing

@Suite struct MediaTypeTests {
    @Test(
        arguments: [
            ("application/json", "application/json"), ("Text/HTML", "text/html"),
            ("application/vnd.oci.image.index.v1+json", "application/vnd.oci.image.index.v1+json"),
            // Parameters and whitespace are not part of the media type.
            ("application/json; charset=utf-8", "application/json"),
            ("application/json;", "application/json"),
            ("application/json ;q=1", "application/json"),
            (" \tapplication/json\t ", "application/json"),
            ("a/b!#$&-^_.+9", "a/b!#$&-^_.+9"),
        ])
    func `a media type is parsed`(text: String, name: String) throws {
        #expect(try MediaType(parsing: text).name == name)
    }

    @Test(
        arguments: [
            "", " ", ";", "json", "/", "a/", "/b", "a/b/c", "a b/c", "a/b c",
            "application/json garbage",
            "application/json, text/html", "a/b\n", "a/b\r\nX: y", "ä/b", "a/\u{212A}", "a/b\u{0}",
            "a/.b", "+a/b",
            "*/*", "a/\(String(repeating: "b", count: 128))",
        ])
    func `an invalid media type is rejected`(text: String) {
        #expect(throws: ParseError.self) { try MediaType(parsing: text) }
    }

    @Test func `each kind of manifest is recognized by its media type`() {
        #expect(MediaType.manifests.filter { $0.isIndex } == [.ociIndex, .dockerList])
        #expect(
            MediaType.manifests.filter { $0.isImageManifest } == [.ociManifest, .dockerManifest])
        #expect(MediaType.manifests.allSatisfy { !$0.isSchema1 && !$0.isImageConfig })
        #expect(
            [MediaType.ociConfig, .dockerConfig, .octetStream].map(\.isImageConfig) == [
                true, true, false,
            ])
        #expect([MediaType.dockerSchema1, .dockerSchema1Signed].allSatisfy { $0.isSchema1 })
    }

    @Test(
        arguments: [
            ("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", true),
            ("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", true),
            ("application/vnd.docker.image.rootfs.diff.tar.gzip", false),
            ("application/vnd.oci.image.layer.v1.tar+gzip", false),
        ])
    func `a non-distributable layer is recognized by its media type`(
        text: String, isForeign: Bool
    ) throws {
        #expect(try MediaType(parsing: text).isForeignLayer == isForeign)
    }
}
