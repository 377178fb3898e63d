// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Content
internal import Mirroring
internal import OCI
internal import Registry
internal import StrictJSON

/// The result of `plan` as text and JSON.
struct PlanDocument {
    let configuration: MirrorConfiguration
    let plan: Plan
    /// The resolved images, or `nil` with `--offline`.
    let resolved: [ResolvedImage]?
    var credentials = CredentialFindings()

    /// The exit code of all failures combined.
    ///
    /// Pending changes are not failures.
    var exitCode: ExitCode {
        .combining(
            plan.problems.map { ExitCode($0.failure.failureClass) }
                + (resolved ?? []).flatMap(\.failures).map { ExitCode($0.failureClass) })
    }

    // MARK: Text

    func text(for console: Console) -> String {
        let style = console.outputStyle
        var listing = Listing(width: console.width, style: style)
        if let resolved {
            for image in resolved { image.add(to: &listing, style) }
        } else {
            for image in plan.images {
                listing.add(
                    [.init(text: image.id, paint: style.bold), .init(text: image.sourceText)],
                    details: configuration.targets.compactMap { target in
                        (try? image.location(in: target)).map {
                            Listing.Cell(text: "\($0)" + (image.tag.map { ":\($0)" } ?? ""))
                        }
                    })
            }
        }
        for problem in plan.problems {
            listing.add(
                [
                    .init(text: problem.entry.name, paint: style.bold),
                    .init(text: problem.failure.status.rawValue, paint: style.red),
                ],
                details: problem.failure.details(style), failure: SharedFailure([problem.failure]))
        }
        return listing.text + "\n" + credentials.text(for: console) + summary + "\n"
    }

    private var summary: String {
        guard let resolved else {
            let patterns = configuration.images.count {
                if case .pattern = $0.selection { true } else { false }
            }
            let patternSummary =
                patterns > 0 ? ", plus tags that match " + counted(patterns, "pattern") : ""
            return counted(plan.images.count, "image") + patternSummary
        }
        let counts = TargetState.Action.allCases.compactMap { action -> String? in
            let count = resolved.count { $0.mainAction == action }
            return count > 0 ? "\(count) \(action.phrase)" : nil
        }
        let statuses = resolved.compactMap(\.failureStatus) + plan.problems.map(\.failure.status)
        let all =
            counts
            + [ImageOutcome.Status.missing, .failed].compactMap { status in
                let count = statuses.count { $0 == status }
                return count > 0 ? "\(count) \(status.rawValue)" : nil
            }
        return (all.isEmpty ? "no images configured" : all.joined(separator: ", ")) + pullSummary
    }

    /// Text for the number of pulls that count against Docker Hub's pull rate limit.
    private var pullSummary: String {
        let count = hubPulls
        return count > 0 ? "; at least \(counted(count, "pull")) from Docker Hub" : ""
    }

    private var hubPulls: Int {
        (resolved ?? []).filter { $0.image.isOnDockerHub }
            .reduce(0) { $0 + $1.leastPulls(platforms: configuration.platforms.count) }
    }

    // MARK: JSON

    /// The JSON output, as `Documentation/json.md` describes it.
    var json: JSONValue {
        [
            "schema": 1,
            "command": "plan",
            "exitCode": .integer(Int(exitCode.rawValue)),
            "offline": .bool(resolved == nil),
            "dockerHubPulls": resolved == nil ? .null : .integer(hubPulls),
            "findings": credentials.json,
            "images": .array(resolved?.map(\.json) ?? plan.images.map { $0.json(configuration) }),
            "problems": .array(
                plan.problems.map {
                    [
                        "name": .string($0.entry.name),
                        "line": .integer($0.entry.location.line),
                        "failure": $0.failure.json,
                    ]
                }),
        ]
    }
}

extension PlannedImage {
    fileprivate var isOnDockerHub: Bool {
        if case .repository(let repository) = source {
            RegistryProfile.of(repository.registry).limitsPulls
        } else {
            false
        }
    }

    fileprivate func json(_ configuration: MirrorConfiguration) -> JSONValue {
        let locations = configuration.targets.compactMap { try? location(in: $0) }.map(
            \.description)
        return [
            "id": .string(id),
            "source": .string(sourceText),
            "targets": .array(locations.map { ["location": .string($0)] }),
        ]
    }
}

extension TargetState.Action {
    fileprivate var phrase: String {
        switch self {
        case .nothing: "unchanged"
        case .validate: "to validate"
        case .copy: "to copy"
        case .replace: "to replace"
        }
    }
}

extension ResolvedImage {
    fileprivate var failures: [ImageFailure] {
        [failure].compactMap(\.self) + targets.compactMap(\.failure)
    }

    /// The most significant action of all targets (replace, copy, validate, nothing), or `nil` if a
    /// target failed.
    fileprivate var mainAction: TargetState.Action? {
        guard failures.isEmpty else { return nil }
        let actions = Set(targets.compactMap(\.state.action))
        return [.replace, .copy, .validate, .nothing].first(where: actions.contains)
    }

    /// The status of a missing or failed image, else `nil`.
    fileprivate var failureStatus: ImageOutcome.Status? {
        failures.isEmpty ? nil : failure?.status ?? .failed
    }

    fileprivate func add(to listing: inout Listing, _ style: TextStyle) {
        let statusCell: Listing.Cell =
            switch mainAction {
            case nil: .init(text: (failureStatus ?? .failed).rawValue, paint: style.red)
            case .nothing?: .init(text: "unchanged", paint: style.dim)
            case let action?: .init(text: action.rawValue, paint: style.green)
            }
        listing.add(
            [
                .init(text: image.id, paint: style.bold),
                statusCell,
                .init(text: descriptor?.digest.short ?? "-"),
                .init(text: image.sourceText, paint: style.dim),
            ],
            details: writtenTags.map { Listing.Cell(text: $0) } + findings.map { $0.detail(style) }
                + failures.flatMap { $0.details(style) },
            failure: findings.isEmpty && writtenTags.isEmpty ? SharedFailure(failures) : nil)
    }

    /// The tags that sync would write.
    private var writtenTags: [String] {
        targets.filter { [.copy, .replace].contains($0.state.action) }.map {
            "to \($0.location)" + (image.tag.map { ":\($0)" } ?? "")
        }
    }

    fileprivate var json: JSONValue {
        [
            "id": .string(image.id),
            "source": .string(image.sourceText),
            "digest": .optional(descriptor.map { $0.digest.description }),
            "mediaType": .optional(descriptor.map { $0.mediaType.name }),
            "findings": .array(findings.map(\.json)),
            "failure": failure?.json ?? .null,
            "suggestions": suggestedTags?.json ?? .null,
            "targets": .array(targets.map(\.json)),
        ]
    }
}

extension ImageTarget {
    fileprivate var json: JSONValue {
        [
            "location": .string(location.description),
            "action": .optional(state.action.map { $0.rawValue }),
            "current": .optional(current.map { $0.digest.description }),
            "failure": failure?.json ?? .null,
        ]
    }
}
