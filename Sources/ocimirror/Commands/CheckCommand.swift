// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Content
internal import LayerArchive
internal import Mirroring
internal import OCI
internal import Registry
internal import StrictJSON
internal import Validation
internal import Wording

/// The verdict on a tag before somebody uses it.
struct CheckCommand: ConfiguredCommand {
    var options = CommonOptions()
    var images: [String] = []
    var platforms: [String] = ["linux/amd64", "linux/arm64"]
    var proof = ProofLevel.config

    static let name = "check"
    static let summary = "Says whether images can be used, and what to use instead."
    static let discussion = """
        Looks at each image where it is and copies nothing. It needs no configuration; what \
        mirror.yaml says of registries is used where there is one.
        """
    static let examples = [
        Example("ocimirror check grafana/grafana:12.1.0", "is it there, for both platforms?"),
        Example("ocimirror check --platform linux/arm64 quay.io/a/b:1.2", "for one platform only"),
        Example(
            "ocimirror check --plain-http localhost:5000 localhost:5000/a/b:1.2", "without TLS"),
        Example("ocimirror check oci:./layout:1.0", "an image in a folder"),
    ]
    static let parameters: [Parameter<CheckCommand>] =
        [
            .positional(
                "IMAGE", requiresOne: true, into: \.images,
                help: "a reference, or oci:FOLDER:TAG"),
            .option(
                "--platform", nil, "OS/ARCH", into: \.platforms,
                help: "a platform that must be there"),
            .option("--proof", into: \.proof, help: "how far to prove it"),
        ] + Parameter.group(\.options, CommonOptions.parameters)

    func run(in context: ProgramContext) async throws -> ExitCode {
        let required = Requirement(
            platforms: try platforms.map { try usage("--platform", $0, Platform.init(parsing:)) },
            level: proof)
        let named = try images.map { try NamedImage($0, in: context) }
        let registries = try ConfigFile.registries(options.config, in: context)
        let checker = ImageChecker(
            stores: try Network.stores(
                registries: registries, options: options, context: context, patience: .attended),
            required: required, jobs: options.jobs, scanner: LayerScanner(atOnce: options.jobs))
        let checked = try await withThrowingTaskGroup(of: (Int, CheckedImage).self) { group in
            for (position, image) in named.enumerated() {
                group.addTask {
                    let checked = try await checker.check(
                        image.location, tag: image.tag, digest: image.digest)
                    return (position, checked)
                }
            }
            var checked: [(Int, CheckedImage)] = []
            for try await image in group { checked.append(image) }
            return checked.sorted { $0.0 < $1.0 }.map(\.1)
        }
        let document = CheckDocument(images: checked, required: required)
        context.console.result(
            options.json ? document.json.text : document.text(for: context.console))
        return document.exitCode
    }
}

/// An image as the command line names it.
private struct NamedImage {
    let location: StoreLocation
    let tag: Tag?
    let digest: Digest?

    init(_ text: String, in context: ProgramContext) throws(UsageError) {
        guard text.hasPrefix(LayoutReference.scheme) else {
            let reference = try usage("IMAGE", text, Reference.init(parsing:))
            self.location = .repository(reference.repository)
            self.tag = reference.tag
            self.digest = reference.digest
            try requireName(of: text)
            return
        }
        let layout = try usage("IMAGE", text, LayoutReference.init(parsing:))
        self.location = .layout(directory: context.absolute(layout.directory))
        self.tag = layout.tag
        self.digest = layout.digest
        try requireName(of: text)
    }

    /// A verdict on whatever `latest` happens to be today would be worth nothing tomorrow.
    private func requireName(of text: String) throws(UsageError) {
        guard tag == nil, digest == nil else { return }
        throw UsageError(
            ["ocimirror"],
            .invalidValue(
                of: "IMAGE", UntrustedText(text),
                reason: "has neither a tag nor a digest; 'latest' is never assumed",
                suggestion: nil))
    }
}
