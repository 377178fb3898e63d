// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Content
internal import LayerScanning
internal import Mirroring
internal import OCI
internal import Registry
internal import StrictJSON
internal import Validation
internal import TextSafety

/// The verdict on a tag before somebody uses it.
struct CheckCommand: ConfiguredCommand {
    var options = CommonOptions()
    var images: [String] = []
    var platforms: [String] = ["linux/amd64", "linux/arm64"]
    var validation = ValidationLevel.content
    var requires: [String] = []
    var lock: String?
    var root = "global.ocimirror"

    static let name = "check"
    static let summary = "Says whether images can be used, and what to use instead."
    static let discussion = """
        Looks at each image where it is and copies nothing. What its manifests and configurations \
        say is known at once; then the layers are read, the newest first, until the verdict cannot \
        change. With --lock nothing is read: the lock has to have the image, as it is now, validated as \
        far as is asked. It needs no configuration; what mirror.yaml says of registries is used where \
        there is one.
        """
    static let examples = [
        Example("ocimirror check grafana/grafana:12.1.0", "would it run on both platforms?"),
        Example(
            "ocimirror check --validation config redis:7.4", "by what it says of itself, at once"),
        Example(
            "ocimirror check --require /bin/sh --require nc busybox:1.36",
            "and has it what we need?"),
        Example(
            "ocimirror check --lock images.lock.yaml redis:7.4", "is it still what the lock pins?"),
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
            .option("--validation", into: \.validation, help: "how far to prove it"),
            .option(
                "--require", nil, "PATH", into: \.requires,
                help: "a path or a command that must be in it, on every platform"),
            .option(
                "--lock", nil, "FILE", into: \.lock, help: "a lock that has to have it as it is"),
            .option("--root", nil, "KEYS", into: \.root, help: "where in the lock the images are"),
        ] + Parameter.group(\.options, CommonOptions.parameters)

    func run(in context: ProgramContext) async throws -> ExitCode {
        let required = ImageRequirements(
            platforms: try platforms.map { try usage("--platform", $0, Platform.init(parsing:)) },
            level: requires.isEmpty ? validation : .content, paths: requires)
        let lock = try self.lock.map { try PinInputs.lock($0, root: root, in: context) }
        let named = try images.map { try NamedImage($0, in: context) }
        let registries = try ConfigurationFile.registries(options.config, in: context)
        let progress = RunProgress()
        progress.expect(named.count)
        let checker = ImageChecker(
            stores: try Network.stores(
                registries: registries, options: options, context: context, retryMode: .attended),
            required: required, lock: lock, jobs: options.jobs,
            scanner: LayerScanner(concurrency: options.jobs), progress: progress,
            observe: { context.console.show($0) })
        let checked = try await context.showing(progress) { try await check(named, by: checker) }
        let document = CheckDocument(
            images: checked, required: required,
            pulls: context.traffic.counts.compactMap(PullUsage.init),
            credentials: context.credentials.findings, today: context.today)
        context.console.result(
            options.json ? document.json.text : document.text(for: context.console))
        return document.exitCode
    }

    /// Checks all at the same time, and returns the answers in the order of the command line.
    private func check(
        _ images: [NamedImage], by checker: ImageChecker
    ) async throws -> [CheckedImage] {
        try await withThrowingTaskGroup(of: (Int, CheckedImage).self) { group in
            for (position, image) in images.enumerated() {
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
    }
}

extension Console {
    /// Says the first verdict while the second is still being found out.
    fileprivate func show(_ event: CheckEvent) {
        guard case .metadataValidated(let image, let layers, let bytes) = event, layers > 0 else {
            return
        }
        note(
            "\(image.name): yes by its configurations; looking into "
                + "\(counted(layers, "layer")) (\(ByteCount(bytes: bytes)))")
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
