// SPDX-License-Identifier: Apache-2.0

internal import Mirroring
internal import OCI
internal import Pinning
internal import TextSafety
internal import YAML

/// The text of a first `mirror.yaml`, with a comment at what somebody will want to change.
struct ConfigurationScaffold {
    /// An image to be mirrored, with what makes its line clear.
    struct Image {
        let reference: Reference
        var name: String?
        var comment: String?
    }

    let prefix: String
    /// Where editors find the schema.
    var schema: String?
    private(set) var images: [Image] = []
    /// What cannot be mirrored beside the others, and why.
    private(set) var omissions: [UsedImages.Omission] = []

    /// A configuration with an example.
    init(prefix: String) {
        self.prefix = prefix
    }

    /// A configuration with the images that files use, but for those that come from the mirror already.
    init(prefix: String, used: UsedImages) {
        self.prefix = prefix
        omissions = used.omissions
        var tags: Set<String> = []
        // From the end, so that a tag with a digest is met first: it says the same and more.
        for (image, uses) in used.images.sorted(by: { $0.key.short > $1.key.short }) {
            if let reason = Self.reasonToOmit(image, prefix, &tags) {
                guard !reason.isEmpty else { continue }
                omissions.append(UsedImages.Omission(use: uses[0], reason: "\(image) \(reason)"))
                continue
            }
            let more = uses.count > 1 ? " and \(uses.count - 1) more" : ""
            let file = UntrustedText(uses[0].file).display(limit: 200)
            images.append(
                Image(reference: image, comment: "\(file):\(uses[0].mark.line)\(more)"))
        }
        images.reverse()
        omissions.sort { ($0.use.file, $0.use.mark) < ($1.use.file, $1.use.mark) }
        nameApart()
    }

    /// Why an image is left out; an empty text where another one stands for it, nil where it is not.
    private static func reasonToOmit(
        _ image: Reference, _ prefix: String, _ tags: inout Set<String>
    ) -> String? {
        if image.repository.description.hasPrefix("\(prefix)/") {
            return "comes from the mirror already"
        }
        guard let tag = image.tag, !tags.insert("\(image.repository):\(tag)").inserted else {
            return nil
        }
        return image.digest == nil ? "" : "stands with another digest elsewhere"
    }

    /// Gives images whose derived names meet names that differ: the registry goes before the path.
    private mutating func nameApart() {
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
            # What is mirrored, where it goes, and how far it is validated first.
            # 'ocimirror help configuration' explains the keys; 'ocimirror plan --offline' checks this file
            # and asks nobody; 'ocimirror plan' says what a run would do.
            version: 1

            # Every image has to run on these. For one that cannot, see 'exception'.
            platforms: [linux/amd64, linux/arm64]

            # How far an image is validated before it is copied: index (its entries), config (each platform's
            # configuration too) or content (also the programs in its layers).
            validation: content

            targets:
              - prefix: \(prefix)  # below it lie the mirrored repositories
                lock: images.lock.yaml  # every digest, as a Helm values file: commit it

            registries:
              docker.io:
                # Without an account few pulls are allowed. Variables that are not set mean no account.
                credentials: {username: "${DOCKERHUB_USERNAME:-}", password: "${DOCKERHUB_TOKEN:-}"}

            images:

            """ + (images.isEmpty ? Self.example : images.map(\.lines).joined())
    }

    private static let example = """
          - grafana/grafana:12.1.0
          # The two newest versions in a range:
          # - source: quay.io/spotahome/redis-operator
          #   tags: {semver: ">=1.2 <2", latest: 2}
          # A tag that moves by design, and what must be in the image:
          # - source: bitnami/kubectl:latest
          #   floating: true
          #   requires: [/bin/sh, kubectl]
          # An image that one platform lacks:
          # - source: quay.io/janus-idp/backstage-showcase:1.2.3
          #   exception: {platforms: [linux/amd64], reason: "upstream is amd64 only"}

        """
}

extension ConfigurationScaffold.Image {
    /// Whether the tag moves by design, which the configuration has to say.
    var isFloating: Bool { reference.tag?.isChannel == true && reference.digest == nil }

    /// The entry in `images`.
    fileprivate var lines: String {
        let comment = comment.map { "  # \($0)" } ?? ""
        let channel = reference.tag?.isChannel == true
        guard name != nil || channel else { return "  - \(reference.short)\(comment)\n" }
        var lines = ["  - source: \(reference.short)\(comment)"]
        if let name { lines.append("    name: \(name)") }
        if channel {
            lines.append(
                "    floating: true  # the tag moves by design: take a version's where there is one"
            )
        }
        return lines.map { "\($0)\n" }.joined()
    }
}

extension Reference {
    fileprivate var short: String { description.withoutDockerHub }
}

extension String {
    /// A reference as people write it: Docker Hub goes without saying.
    var withoutDockerHub: String {
        for prefix in ["docker.io/library/", "docker.io/"] where hasPrefix(prefix) {
            return String(dropFirst(prefix.count))
        }
        return self
    }
}
