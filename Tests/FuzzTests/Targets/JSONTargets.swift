// SPDX-License-Identifier: Apache-2.0

import StrictJSON
import TextSafety

@testable import OCI
@testable import Registry

extension FuzzTarget {
    /// JSON documents: what is written again has the same value, in both layouts.
    static let json = FuzzTarget("json") { input throws(Violation) in
        guard let value = try document(input) else { return 0 }
        for text in [value.text, value.compactText] {
            for line in text.split(separator: "\n") { try requireSafe(String(line), "document") }
            let again = try requireSuccess("reading \(text)") {
                try JSONValue(parsing: Array(text.utf8))
            }
            try require(again == value, "\(text) has another value")
        }
        return value.hashValue
    }

    /// Manifests and indexes: the first byte selects the announced media type.
    ///
    /// Another spelling of the same JSON decodes to the same manifest.
    static let manifest = FuzzTarget("manifest") { input throws(Violation) in
        guard let first = input.first else { return 0 }
        let types = MediaType.manifests + [.dockerSchema1]
        let type = types[Int(first) % types.count]
        let bytes = Array(input.dropFirst())
        let manifest: Manifest
        do throws(JSONError) {
            manifest = try Manifest(bytes: bytes, mediaType: type)
        } catch {
            try requireSafe(error.description)
            return 0
        }
        guard let document = try? JSONValue(parsing: bytes) else { return 1 }
        let again = try requireSuccess("decoding again") {
            try Manifest(bytes: Array(document.compactText.utf8), mediaType: type)
        }
        try require(again == manifest, "another spelling decodes to another manifest")
        switch manifest {
        case .image(let image):
            for descriptor in [image.config] + image.layers { try check(descriptor) }
        case .index(let index):
            for descriptor in index.manifests { try check(descriptor) }
        }
        return manifest.hashValue
    }

    /// Image configs: another spelling of the same JSON decodes to the same config.
    static let config = FuzzTarget("config") { input throws(Violation) in
        let config: ImageConfig
        do throws(JSONError) {
            config = try ImageConfig(bytes: input)
        } catch {
            try requireSafe(error.description)
            return 0
        }
        try requireSafe(config.platform.description)
        guard let document = try? JSONValue(parsing: input) else { return 1 }
        let again = try requireSuccess("decoding again") {
            try ImageConfig(bytes: Array(document.text.utf8))
        }
        try require(again == config, "another spelling decodes to another config")
        return config.hashValue
    }

    /// Error bodies of registries and proxies: the description of each problem is safe to print.
    static let errorBody = FuzzTarget("error-body") { input throws(Violation) in
        let problems = DistributionError.all(in: input)
        try require(problems.count <= 8, "\(problems.count) problems")
        for problem in problems { try requireSafe(problem.description) }
        return problems.hashValue
    }

    private static func document(_ input: [UInt8]) throws(Violation) -> JSONValue? {
        do throws(JSONError) {
            return try JSONValue(parsing: input)
        } catch {
            try requireSafe(error.description)
            return nil
        }
    }

    private static func check(_ descriptor: Descriptor) throws(Violation) {
        try require((0...Descriptor.maximumSize).contains(descriptor.size), "size")
        let digest = try? Digest(parsing: descriptor.digest.description)
        try require(digest == descriptor.digest, "digest \(descriptor.digest)")
        let type = try? MediaType(parsing: descriptor.mediaType.name)
        try require(type == descriptor.mediaType, "media type \(descriptor.mediaType)")
    }
}
