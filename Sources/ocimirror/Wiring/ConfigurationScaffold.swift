// SPDX-License-Identifier: Apache-2.0

internal import Mirroring
internal import OCI
internal import Pinning
internal import TextSafety
internal import YAML

/// The text of a new `mirror.yaml`, with comments about optional settings.
struct ConfigurationScaffold {
    /// An image to mirror, with a comment.
    struct Image {
        let reference: Reference
        var name: String?
        var comment: String?
    }

    let prefix: String
    /// The path of the JSON schema for editors.
    var schema: String?
    private(set) var images: [Image] = []
    /// The omitted images, with reasons.
    private(set) var omissions: [UsedImages.Omission] = []

    /// Creates a configuration with an example.
    init(prefix: String) {
        self.prefix = prefix
    }

    /// Creates a configuration with the images that files use, except for images that are from the
    /// mirror.
    init(prefix: String, used: UsedImages) {
        self.prefix = prefix
        omissions = used.omissions
        var tags: Set<String> = []
        // In reverse order, so that a reference with tag and digest comes before one with the tag
        // only.
        for (image, uses) in used.images.sorted(by: { $0.key.short > $1.key.short }) {
            if let reason = Self.reasonToOmit(image, below: prefix, tags: &tags) {
                guard !reason.isEmpty else { continue }
                omissions.append(UsedImages.Omission(use: uses[0], reason: "\(image) \(reason)"))
                continue
            }
            let more = uses.count > 1 ? " and \(uses.count - 1) more" : ""
            let file = UntrustedText(uses[0].file).display(limit: 200)
            let note =
                used.imagesOfAppVersion.contains(image) ? ", the tag is the chart's appVersion" : ""
            images.append(
                Image(reference: image, comment: "\(file):\(uses[0].mark.line)\(more)\(note)"))
        }
        images.reverse()
        omissions.sort { ($0.use.file, $0.use.mark) < ($1.use.file, $1.use.mark) }
        disambiguateNames()
    }

    /// Returns the reason to omit an image: empty for a duplicate, `nil` for an image to mirror.
    private static func reasonToOmit(
        _ image: Reference, below prefix: String, tags: inout Set<String>
    ) -> String? {
        if image.repository.description.hasPrefix("\(prefix)/") {
            return "is already mirrored"
        }
        guard let tag = image.tag, !tags.insert("\(image.repository):\(tag)").inserted else {
            return nil
        }
        return image.digest == nil ? "" : "is also used with a different digest"
    }

    /// Disambiguates colliding names by prepending the registry to the path.
    private mutating func disambiguateNames() {
        var repositories: [String: Set<Repository>] = [:]
        for image in images {
            let repository = image.reference.repository
            repositories[Naming.name(of: repository, style: .short), default: []].insert(repository)
        }
        for (index, image) in images.enumerated() {
            let repository = image.reference.repository
            let derived = Naming.name(of: repository, style: .short)
            guard repositories[derived].map({ $0.count > 1 }) == true else { continue }
            let host = String(repository.registry.name.map { $0 == ":" ? "-" : $0 })
            images[index].name = "\(host)/\(Naming.name(of: repository, style: .path))"
        }
    }

    var text: String {
        (schema.map { "# yaml-language-server: $schema=\($0)\n" } ?? "") + """
            # The images to mirror, the targets and the validation level.
            # 'ocimirror help configuration' lists the keys, 'ocimirror plan --offline' checks this file without
            # requests, and 'ocimirror plan' shows what a run would do.
            version: 1

            # Required platforms of every image. To allow a missing platform, see 'exception'.
            platforms: [linux/amd64, linux/arm64]

            # Validation level: index (entries of the index), config (also the image configs) or content (also the
            # files in the layers).
            validation: content

            targets:
              - prefix: \(prefix)  # prefix of the mirrored repositories
                lock: images.lock.yaml  # all digests, as a Helm values file; commit it

            registries:
              docker.io:
                # Anonymous pulls are limited. Unset variables mean anonymous access.
                credentials: {username: "${DOCKERHUB_USERNAME:-}", password: "${DOCKERHUB_TOKEN:-}"}

            images:

            """ + (images.isEmpty ? Self.example : images.map(\.lines).joined())
    }

    private static let example = """
          - grafana/grafana:12.1.0
          # The two newest versions in a range:
          # - source: quay.io/spotahome/redis-operator
          #   tags: {semver: ">=1.2 <2", latest: 2}
          # A floating tag, and the files that the image must contain:
          # - source: bitnami/kubectl:latest
          #   floating: true
          #   requires: [/bin/sh, kubectl]
          # An image that one platform lacks:
          # - source: quay.io/janus-idp/backstage-showcase:1.2.3
          #   exception: {platforms: [linux/amd64], reason: "upstream is amd64 only"}

        """
}

extension ConfigurationScaffold.Image {
    /// A Boolean value that indicates whether the tag is a floating tag, which needs `floating:
    /// true`.
    var isFloating: Bool { reference.tag?.isFloating == true && reference.digest == nil }

    /// A Boolean value that indicates whether the tag is a placeholder, so that the entry
    /// is a comment.
    var isPlaceholder: Bool { reference.digest == nil && reference.tag?.isPlaceholder == true }

    /// The entry in `images`.
    fileprivate var lines: String {
        if isPlaceholder {
            let comment = comment.map { " (\($0))" } ?? ""
            return
                "  # - \(reference.short)  # placeholder: set the version that you deploy\(comment)\n"
        }
        let comment = comment.map { "  # \($0)" } ?? ""
        let isFloating = reference.tag?.isFloating == true
        guard name != nil || isFloating else { return "  - \(reference.short)\(comment)\n" }
        var lines = ["  - source: \(reference.short)\(comment)"]
        if let name { lines.append("    name: \(name)") }
        if isFloating {
            lines.append(
                "    floating: true  # prefer a version tag if one exists"
            )
        }
        return lines.map { "\($0)\n" }.joined()
    }
}

extension Reference {
    fileprivate var short: String { description.withoutDockerHub }
}

extension String {
    /// The reference in its short form, without `docker.io`.
    var withoutDockerHub: String {
        for prefix in ["docker.io/library/", "docker.io/"] where hasPrefix(prefix) {
            return String(dropFirst(prefix.count))
        }
        return self
    }
}
