// SPDX-License-Identifier: Apache-2.0

import OCI
import StrictJSON
import Testing

@Suite struct DescriptorTests {
    private static func read(_ descriptor: String) throws -> Descriptor? {
        let text = #"{"schemaVersion":2,"manifests":[\#(descriptor)]}"#
        return try ManifestTests.readIndex(text)?.manifests.first
    }

    private static func read(_ key: String, _ value: String) throws -> Descriptor? {
        var members = [
            "mediaType": #""\#(ManifestTests.manifest)""#, "digest": #""\#(ManifestTests.hash)""#,
            "size": "7",
        ]
        members[key] = value
        let text = members.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }
        return try read("{\(text.joined(separator: ","))}")
    }

    @Test(arguments: [0, 1, 1 << 31, 1 << 32, (1 << 53) - 1, 1 << 53])
    func `sizes up to 2^53 are accepted, which every reader represents exactly`(size: Int) throws {
        #expect(try Self.read("size", "\(size)")?.size == size)
    }

    @Test(
        arguments: [
            "-1", "-0", "9007199254740993", "9223372036854775807", "9223372036854775808",
            "-9223372036854775808",
            "99999999999999999999999999", "1.0", "1e3", "1E0", "0.5", "\"7\"", "null", "true",
            "[7]", "{}",
        ])
    func `any other size is rejected`(size: String) {
        let error = #expect(throws: JSONError.self) { try Self.read("size", size) }
        #expect(error?.location == "manifests[0].size")
    }

    @Test func `a thousand descriptors of maximum size are accepted`() throws {
        let entry =
            #"{"mediaType":"a/b","digest":"\#(ManifestTests.hash)","size":9007199254740992}"#
        let entries = Array(repeating: entry, count: 1000).joined(separator: ",")
        let index = try ManifestTests.readIndex(#"{"schemaVersion":2,"manifests":[\#(entries)]}"#)
        #expect(index?.manifests.count == 1000)
    }

    @Test(
        arguments: [
            ("digest", "\"\""), ("digest", "\"sha256:../../x\""), ("digest", "\"sha256\""),
            ("digest", "null"),
            ("digest", "7"), ("mediaType", "\"\""), ("mediaType", "\"json\""),
            ("mediaType", "null"),
            ("mediaType", "[]"), ("platform", "[]"), ("platform", "{}"),
            ("platform", "\"linux/arm64\""),
            ("platform", #"{"os":"linux"}"#), ("platform", #"{"architecture":"arm64"}"#),
            ("platform", #"{"os":1,"architecture":"arm64"}"#),
            ("platform", #"{"os":"linux","OS":"linux","architecture":"arm64"}"#),
            ("platform", #"{"os":"linux","architecture":"arm64","Variant":"v7"}"#),
            ("urls", "\"https://x.test\""), ("urls", "[1]"), ("annotations", "[]"),
            ("annotations", #"{"a":null}"#),
            ("artifactType", "7"), ("artifactType", "\"x\""),
        ])
    func `a member of another type is rejected`(key: String, value: String) {
        let error = #expect(throws: JSONError.self) { try Self.read(key, value) }
        #expect(error?.location.hasPrefix("manifests[0].\(key)") == true)
    }

    @Test(arguments: [
        "mediaType", "digest", "size", "urls", "annotations", "artifactType", "platform",
    ])
    func `a known key with different case is rejected`(key: String) {
        for spelling in [key.uppercased(), key.prefix(1).uppercased() + key.dropFirst()] {
            #expect(throws: JSONError.self) { try Self.read(spelling, "null") }
        }
    }

    @Test(
        arguments: [
            "application/vnd.oci.image.MANIFEST.v1+json", "\(ManifestTests.index); x=y",
            "Application/vnd.docker.container.image.v1+json",
            "application/vnd.docker.distribution.manifest.v1+prettyJWS",
        ])
    func `a media type that determines how content is read must match exactly`(type: String) {
        #expect(throws: JSONError.self) { try Self.read("mediaType", "\"\(type)\"") }
    }

    @Test(arguments: ["text/plain; charset=utf-8", "Application/X-Custom"])
    func `other media types can have any case`(type: String) throws {
        #expect(try Self.read("mediaType", "\"\(type)\"") != nil)
    }

    @Test(arguments: [
        #"{"os":"linux\n::add-mask::x","architecture":"arm64"}"#,
        #"{"os":"linux","architecture":"\u001b[31m"}"#, #"{"os":"linux","architecture":"arm/v7"}"#,
        #"{"os":"linux","architecture":"arm64","variant":"v 8"}"#,
    ])
    func `a platform in other characters is unknown`(_ text: String) throws {
        #expect(try Self.read("platform", text)?.platform?.isUnknown == true)
    }

    @Test(arguments: ["macOS 13.5", "\\r", "10.0.17763.1"])
    func `a version of an operating system in other characters is left out`(
        _ text: String
    ) throws {
        let platform = try Self.read(
            "platform", #"{"os":"darwin","architecture":"arm64","os.version":"\#(text)"}"#)?
            .platform
        #expect(platform?.description == "darwin/arm64")
        #expect(platform?.osVersion == (text.hasPrefix("10") ? text : nil))
    }

    @Test func `a platform of empty strings is never required`() throws {
        let descriptor = try Self.read("platform", #"{"os":"","architecture":""}"#)
        #expect(descriptor?.platform?.isUnknown == true)
    }

    @Test func `a null member is absent`() throws {
        for key in ["urls", "annotations", "artifactType", "platform", "data"] {
            let descriptor = try Self.read(key, "null")
            #expect(descriptor?.hasURLs == false)
            #expect(descriptor?.platform == nil)
        }
    }
}
