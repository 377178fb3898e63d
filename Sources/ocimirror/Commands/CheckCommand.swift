// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Content
internal import Files
internal import LayerScanning
internal import Mirroring
internal import OCI
internal import Registry
internal import StrictJSON
internal import Validation
internal import TextSafety

/// The command `check`.
struct CheckCommand: ConfiguredCommand {
    var options = CommonOptions()
    var images: [String] = []
    var file: String?
    var format = CheckFormat.text
    var platforms: [String] = ["linux/amd64", "linux/arm64"]
    var validation = ValidationLevel.content
    var requires: [String] = []
    var lock: String?
    var root = "global.ocimirror"

    static let name = "check"
    static let summary = "Check images before use, and suggest alternatives"
    static let discussion = """
        Validates each image at its source and copies nothing. First the metadata is validated and the \
        result reported; then the layers are scanned, the last layer first, until the result is \
        certain. With --lock no layer is read: the lock file must have an entry with the digest of the \
        image, validated at the requested level. No configuration is required, but if mirror.yaml \
        exists, its registry settings apply.
        """
    static let examples = [
        Example("ocimirror check grafana/grafana:12.1.0", "validate an image for both platforms"),
        Example(
            "ocimirror check --validation config redis:7.4",
            "validate only the metadata, without scanning layers"
        ),
        Example(
            "ocimirror check --require /bin/sh --require nc busybox:1.36",
            "require a path and a command"),
        Example(
            "ocimirror check --lock images.lock.yaml redis:7.4", "compare a tag with the lock file"),
        Example("ocimirror check --platform linux/arm64 quay.io/a/b:1.2", "validate one platform"),
        Example(
            "ocimirror check --file images.txt --format junit", "validate the images of a file"),
        Example(
            "ocimirror check --plain-http localhost:5000 localhost:5000/a/b:1.2",
            "use a registry without TLS"),
        Example("ocimirror check oci:./layout:1.0", "validate an image in an OCI image layout"),
    ]
    static let parameters: [Parameter<CheckCommand>] =
        [
            .positional(
                "IMAGE", into: \.images, help: "image reference, or oci:DIR:TAG"),
            .option(
                "--file", placeholder: "LIST", into: \.file,
                help: "file with one image per line, or - for standard input"),
            .option(
                "--platform", placeholder: "OS/ARCH", into: \.platforms,
                help: "required platforms, separated by commas"),
            .option("--validation", into: \.validation, help: "validation level"),
            .option(
                "--require", placeholder: "PATH", into: \.requires,
                help: "path or command that every platform must contain"),
            .option(
                "--lock", placeholder: "FILE", into: \.lock,
                help: "lock file that must match the image"),
            .option(
                "--root", placeholder: "KEYS", into: \.root, help: "key path of the lock entries"),
            .option("--format", into: \.format, help: "output format"),
        ] + Parameter.group(\.options, CommonOptions.parameters)

    func run(in context: ProgramContext) async throws -> ExitCode {
        let required = ImageRequirements(
            platforms: try platforms.flatMap { $0.split(separator: ",") }.map {
                try usage("--platform", String($0), Platform.init(parsingRequired:))
            },
            level: requires.isEmpty ? validation : .content, paths: requires)
        let lock = try self.lock.map { try PinInputs.lock($0, root: root, in: context) }
        let named = try (images + listedImages(in: context)).map {
            try NamedImage($0, in: context)
        }
        guard !named.isEmpty else {
            throw UsageError(
                ["ocimirror", Self.name],
                .missingArgument("IMAGE", help: "image reference, oci:DIR:TAG, or --file LIST"))
        }
        let registries = try ConfigurationFile.registries(options.config, in: context)
        let progress = RunProgress()
        progress.expect(named.count)
        let checker = ImageChecker(
            stores: try await Network(
                to: Set(named.compactMap(\.registry)), registries, options, in: context,
                retryMode: .attended
            ).stores(),
            required: required, lock: lock, jobs: options.jobs,
            scanner: LayerScanner(concurrency: options.scanCount), progress: progress,
            observe: { context.console.show($0) })
        let checked = try await context.showing(progress) { try await check(named, by: checker) }
        let document = CheckDocument(
            images: checked, required: required,
            pulls: context.traffic.counts.compactMap(PullUsage.init),
            credentials: context.credentials.findings, today: context.today)
        context.console.result(
            options.json ? document.json.text : document.text(format, for: context.console))
        return document.exitCode
    }

    /// Returns the images of `--file`; empty lines and comments are skipped.
    private func listedImages(in context: ProgramContext) throws -> [String] {
        guard let file else { return [] }
        let limit = 1 << 20
        let text: String?
        if file == "-" {
            text = try Terminal.allInput(limit: limit)
        } else {
            let bytes = try BoundedFile.read(context.absolute(file), limit: limit)
            text = String(validating: bytes, as: UTF8.self)
        }
        guard let text else {
            throw UsageError(
                ["ocimirror", Self.name],
                .invalidValue(
                    of: "--file", UntrustedText(file), reason: "not UTF-8, or larger than 1 MiB",
                    suggestion: nil))
        }
        return text.split(whereSeparator: \.isNewline).compactMap { line in
            let image = line.prefix { $0 != "#" }.filter { !$0.isWhitespace }
            return image.isEmpty ? nil : String(image)
        }
    }

    /// Checks all images concurrently, and returns the results in the order of the command line.
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

/// The output format of `check`.
enum CheckFormat: String, CaseIterable, ArgumentValue {
    case text
    case junit
    case sarif
}

extension Console {
    /// Reports the result of the metadata while the layers are scanned.
    fileprivate func show(_ event: CheckEvent) {
        guard case .metadataValidated(let image, let layers, let bytes) = event, layers > 0 else {
            return
        }
        note(
            "\(image.name): metadata valid; scanning "
                + "\(counted(layers, "layer")) (\(ByteCount(bytes: bytes)))")
    }
}

/// An image that is named on the command line.
private struct NamedImage {
    let location: StoreLocation
    let tag: Tag?
    let digest: Digest?

    /// The registry, or `nil` for a layout.
    var registry: RegistryHost? {
        if case .repository(let repository) = location { repository.registry } else { nil }
    }

    init(_ text: String, in context: ProgramContext) throws(UsageError) {
        guard text.hasPrefix(LayoutReference.scheme) else {
            let reference = try usage("IMAGE", text, Reference.init(parsing:))
            self.location = .repository(reference.repository)
            self.tag = reference.tag
            self.digest = reference.digest
            try requireTagOrDigest(of: text)
            return
        }
        let layout = try usage("IMAGE", text, LayoutReference.init(parsing:))
        self.location = .layout(directory: context.absolute(layout.directory))
        self.tag = layout.tag
        self.digest = layout.digest
        try requireTagOrDigest(of: text)
    }

    /// Requires a tag or digest, because the result for `latest` is outdated with the next release.
    private func requireTagOrDigest(of text: String) throws(UsageError) {
        guard tag == nil, digest == nil else { return }
        throw UsageError(
            ["ocimirror"],
            .invalidValue(
                of: "IMAGE", UntrustedText(text),
                reason: "tag or digest required; 'latest' is not assumed",
                suggestion: nil))
    }
}
