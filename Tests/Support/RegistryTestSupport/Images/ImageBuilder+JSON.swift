// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import StrictJSON

extension ImageBuilder {
    /// Returns the config of an image.
    func configuration(
        _ platform: Platform, _ layers: [Layer], _ settings: Settings
    ) -> JSONValue {
        let diffIDs = settings.diffIDs ?? layers.map(\.diffID)
        var config: [JSONValue.Member] = [
            .init("Entrypoint", Self.json(settings.entrypoint)),
            .init("Cmd", Self.json(settings.command)),
            .init("Env", Self.json(settings.environment)),
            .init("WorkingDir", .string(settings.workingDirectory)),
            .init("Labels", Self.json(settings.labels)),
        ]
        let volumes = JSONValue.object(settings.volumes.map { .init($0, .object([])) })
        if !settings.user.isEmpty { config.append(.init("User", .string(settings.user))) }
        if !settings.volumes.isEmpty { config.append(.init("Volumes", volumes)) }
        let history = settings.history.map { command -> JSONValue in
            .object([.init("created_by", .string(command))])
        }
        return .object(
            (history.isEmpty ? [] : [.init("history", .array(history))])
                + [.init("created", .string("2024-01-01T00:00:00Z"))] + Self.members(platform) + [
                    .init("config", .object(config)),
                    .init(
                        "rootfs",
                        .object([
                            .init("type", .string("layers")),
                            .init("diff_ids", Self.json(diffIDs.map(\.description))),
                        ])),
                ])
    }

    static func descriptor(_ type: String, _ digest: Digest, size: Int) -> JSONValue {
        .object([
            .init("mediaType", .string(type)), .init("digest", .string(digest.description)),
            .init("size", .integer(size)),
        ])
    }

    static func json(_ descriptor: Descriptor) -> JSONValue {
        Self.descriptor(
            descriptor.mediaType.name, descriptor.digest, size: descriptor.size)
    }

    static func json(_ texts: [String]) -> JSONValue {
        .array(texts.map { .string($0) })
    }

    static func json(_ map: [String: String]) -> JSONValue {
        .object(map.sorted { $0.key < $1.key }.map { .init($0.key, .string($0.value)) })
    }

    static func members(_ platform: Platform) -> [JSONValue.Member] {
        var members: [JSONValue.Member] = [
            .init("architecture", .string(platform.architecture)),
            .init("os", .string(platform.os)),
        ]
        if let variant = platform.variant { members.append(.init("variant", .string(variant))) }
        if let version = platform.osVersion {
            members.append(.init("os.version", .string(version)))
        }
        return members
    }
}
