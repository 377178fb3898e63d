// SPDX-License-Identifier: Apache-2.0

internal import OCI

/// Recognizes images by keys and texts.
enum ImageText {
    /// Returns a Boolean value that indicates whether the value of a key is an image: `image`,
    /// `initImage`, `docker_image`, `IMAGE`, `imageName`.
    static func isImageKey(_ key: String) -> Bool {
        key.hasSuffixIgnoringCase("image") || key.hasSuffixIgnoringCase("imagename")
            || key.hasSuffixIgnoringCase("image_name") || key.hasSuffixIgnoringCase("image-name")
    }

    /// Returns a Boolean value that indicates whether the values of a key are images: `images`,
    /// `sidecar_docker_images`.
    static func isImagesKey(_ key: String) -> Bool {
        key.hasSuffixIgnoringCase("images")
    }

    /// Returns a Boolean value that indicates whether a variable or option is named after an image:
    /// `RELATED_IMAGE_WEB`.
    static func mentionsImage(_ name: String) -> Bool {
        name.containsIgnoringCase("image") && !name.containsIgnoringCase("policy")
            && !name.containsIgnoringCase("secret")
    }

    /// Returns a Boolean value that indicates whether the text contains a placeholder of a
    /// template.
    static func isTemplate(_ text: String) -> Bool {
        var last: UInt8 = 0
        for byte in text.utf8 {
            switch (last, byte) {
            case (UInt8(ascii: "{"), UInt8(ascii: "{")), (UInt8(ascii: "$"), UInt8(ascii: "{")),
                (UInt8(ascii: "$"), UInt8(ascii: "(")):
                return true
            default: last = byte
            }
        }
        return false
    }

    /// Returns the reference in a text that has a tag or a digest; `nil` for other texts.
    static func pinnable(_ text: String) -> Reference? {
        guard let reference = reference(text), reference.tag != nil || reference.digest != nil
        else { return nil }
        return reference
    }

    /// Returns a Boolean value that indicates whether a text is a reference with a version, and not a
    /// host with a port.
    ///
    /// Keys that are not the names of images can have such values: `imageCache: redis:6379`.
    static func isProbablyImage(_ text: String) -> Bool {
        guard let image = pinnable(text) else { return false }
        guard !text.utf8.contains(UInt8(ascii: "/")), image.digest == nil, let tag = image.tag
        else {
            return true
        }
        return !(80...65_535).contains(Int(tag.name) ?? 0)
    }

    /// Returns the default value of a text that is one variable, such as `${IMAGE:-acme/web:1}`.
    ///
    /// The text after `?` is an error message.
    ///
    /// Source: POSIX, Shell Command Language § Parameter Expansion; Compose, interpolation.
    static func defaultValue(in text: String) -> (image: Reference, range: Range<Int>)? {
        let bytes = Array(text.utf8)
        guard bytes.starts(with: "${".utf8), bytes.last == UInt8(ascii: "}"),
            case let start = endOfName(in: bytes, from: 2), start < bytes.count - 1,
            bytes[start - 1] != UInt8(ascii: "?"),
            case let value = String(decoding: bytes[start..<(bytes.count - 1)], as: UTF8.self),
            let image = pinnable(value)
        else { return nil }
        return (image, start..<(bytes.count - 1))
    }

    /// Returns the offset after the name of a variable and the operator before its default value or
    /// error message.
    private static func endOfName(in bytes: [UInt8], from start: Int) -> Int {
        var end = start
        while end < bytes.count, isNameByte(bytes[end]) { end += 1 }
        if end < bytes.count, bytes[end] == UInt8(ascii: ":") { end += 1 }
        if end < bytes.count, "-=+?".utf8.contains(bytes[end]) { end += 1 }
        return end
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F: true
        default: false
        }
    }

    /// Returns the reference that a text consists of, with or without a tag or digest, or `nil` if
    /// it is not a reference.
    ///
    /// A digest such as `sha256:…` has the form of a repository with a tag, but is not an image.
    static func reference(_ text: String) -> Reference? {
        guard text.utf8.count <= 512, !isDigest(text) else { return nil }
        return try? Reference(parsing: text)
    }

    /// Returns the reference before an invalid digest, such as `web:1@sha256:0` or `web@1`; `nil` if there
    /// is none.
    static func referenceBeforeDigest(in text: String) -> Reference? {
        text.firstIndex(of: "@").flatMap { reference(String(text[..<$0])) }
    }

    /// Returns a Boolean value that indicates whether the text is a digest, complete or shortened.
    static func isDigest(_ text: String) -> Bool {
        ["sha256:", "sha384:", "sha512:"].contains { text.hasPrefix($0) }
    }

    /// Returns the text of the digest after the `@` of a tag, or `nil` if there is none.
    static func digest(after tag: String) -> String? {
        tag.firstIndex(of: "@").map { String(tag[tag.index(after: $0)...]) }
    }

    /// An option of a command line with an image as its value.
    struct Option {
        /// The option with its dashes.
        let name: Substring
        let image: Reference
        /// The range of the image in the text, in bytes.
        let value: Range<Int>
    }

    /// Returns the option and the image in a text such as `--acme-solver-image=registry/a:1` or
    /// `--image registry/a:1`.
    static func option(in text: String) -> Option? {
        guard text.hasPrefix("-"),
            let separator = text.utf8.firstIndex(where: { $0 == 0x3D || $0 == 0x20 })
        else { return nil }
        let name = text[..<separator]
        let value = text[text.utf8.index(after: separator)...]
        guard let reference = pinnable(String(value)), isImage(String(value), of: String(name))
        else { return nil }
        let start = text.utf8.distance(from: text.startIndex, to: value.startIndex)
        return Option(name: name, image: reference, value: start..<text.utf8.count)
    }

    /// Returns the variable and the image in a text such as `WEB_IMAGE=registry/a:1`.
    static func variable(in text: String) -> Option? {
        guard let equals = text.utf8.firstIndex(of: UInt8(ascii: "=")) else { return nil }
        let name = text[..<equals]
        let value = String(text[text.utf8.index(after: equals)...])
        guard name.utf8.allSatisfy(isNameByte), mentionsImage(String(name)),
            let reference = pinnable(value), isProbablyImage(value)
        else { return nil }
        return Option(
            name: name, image: reference, value: (name.utf8.count + 1)..<text.utf8.count)
    }

    /// Returns a Boolean value that indicates whether the value of an option or a property is an image.
    ///
    /// Those that are not named after images can have values like `a:1` too.
    private static func isImage(_ value: String, of name: String) -> Bool {
        hasRegistry(value) || (mentionsImage(name) && isProbablyImage(value))
    }

    /// Returns a Boolean value that indicates whether a text begins with a registry and a slash.
    static func hasRegistry(_ text: String) -> Bool {
        text.firstIndex(of: "/").map { isHost(text[..<$0]) } ?? false
    }

    /// Returns a Boolean value that indicates whether a name is that of source code.
    static func isOnForge(_ name: String) -> Bool {
        ["github.com/", "gitlab.com/", "bitbucket.org/", "k8s.io/", "sigs.k8s.io/"]
            .contains(where: name.hasPrefix)
    }

    /// Returns a Boolean value that indicates whether a text is a registry, also with a path.
    static func isRegistry(_ text: String) -> Bool {
        !text.contains("://") && isHost(text.prefix { $0 != "/" })
    }

    /// Returns a Boolean value that indicates whether the first component of a name is a registry.
    static func isHost(_ component: Substring) -> Bool {
        component == "localhost" || component.contains { $0 == "." || $0 == ":" }
    }

    /// Returns the ranges of the words in a line that consist of characters of references and have a
    /// slash or a colon.
    static func words(in line: [UInt8]) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var start = 0
        while start < line.count {
            if line[start...].starts(with: "${".utf8) {
                start = endOfName(in: line, from: start + 2)
                if line[start - 1] == UInt8(ascii: "?") {
                    start = line[start...].firstIndex(of: UInt8(ascii: "}")) ?? line.count
                }
                continue
            }
            guard isReferenceByte(line[start]) else {
                start += 1
                continue
            }
            var end = start
            while end < line.count, isReferenceByte(line[end]) { end += 1 }
            let next = end
            // A scheme is not a part of the name, and punctuation after a word is not either.
            for scheme in ["oci://", "docker://"] where line[start..<end].starts(with: scheme.utf8)
            {
                start += scheme.utf8.count
            }
            while end > start, [0x2E, 0x3A, 0x2F, 0x2D].contains(line[end - 1]) { end -= 1 }
            if line[start..<end].contains(where: { $0 == 0x2F || $0 == 0x3A }) {
                ranges.append(start..<end)
            }
            start = next
        }
        return ranges
    }

    /// Returns a Boolean value that indicates whether text that is not known belongs to a word of a line:
    /// `${REGISTRY}web:1`, `web:1-${VARIANT}`.
    static func isExtended(_ word: Range<Int>, in line: [UInt8]) -> Bool {
        if word.lowerBound > 0, "})%".utf8.contains(line[word.lowerBound - 1]) { return true }
        let rest = line[word.upperBound...].drop(while: isReferenceByte)
        guard let next = rest.first else { return false }
        return "${%*+<~^".utf8.contains(next)
            || (next == UInt8(ascii: "(") && rest.startIndex == word.upperBound)
    }

    private static func isReferenceByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2E, 0x5F, 0x2F, 0x3A, 0x2D, 0x40: true
        default: false
        }
    }

    /// Returns the reference in a line such as `3.9.0=quay.io/strimzi/kafka:0.45.0`
    /// or `kafka: quay.io/strimzi/kafka:0.45.0`.
    ///
    /// - Parameters:
    ///   - line: The line.
    ///   - number: The number of the line, which names a line without a separator.
    ///   - areImages: A Boolean value that indicates whether the values of all lines are images.
    /// - Returns: The text before the separator, the reference, and its range in bytes.
    static func lineValue(
        _ line: Substring.UTF8View, number: Int, areImages: Bool
    ) -> (name: String, value: String, range: Range<Int>)? {
        let bytes = Array(line)
        let end = (bytes.lastIndex { $0 != 0x20 && $0 != 0x0D } ?? -1) + 1
        let begin = bytes[..<end].firstIndex { $0 != 0x20 && $0 != 0x09 } ?? end
        let whole = String(decoding: bytes[begin..<end], as: UTF8.self)
        if hasRegistry(whole), pinnable(whole) != nil { return ("[\(number)]", whole, begin..<end) }
        guard let separator = bytes[..<end].firstIndex(where: { $0 == 0x3D || $0 == 0x3A }),
            let start = bytes[(separator + 1)..<end].firstIndex(where: { $0 != 0x20 }),
            case let value = String(decoding: bytes[start..<end], as: UTF8.self),
            pinnable(value) != nil,
            case let name = String(decoding: bytes[..<separator], as: UTF8.self),
            areImages || isImage(value, of: name)
        else { return nil }
        return (name, value, start..<end)
    }
}
