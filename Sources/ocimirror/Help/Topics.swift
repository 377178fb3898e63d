// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit

extension HelpTopic {
    /// What scripts do with each exit code.
    static let exitCodes = HelpTopic(
        "exit-codes", "What each exit code means, and what a script does with it.",
        document: "exit-codes.md",
        [
            .section(
                HelpSection(
                    "Codes",
                    [
                        HelpSection.Row("0", "Done, or the answer is yes. Go on."),
                        HelpSection.Row(
                            "1",
                            "The answer is no: an image is rejected, a tag or repository is missing, "
                                + "the mirror has drifted, a pin is missing, --check would change "
                                + "something. Tell a person; another attempt changes nothing."),
                        HelpSection.Row(
                            "2",
                            "It could not be done or found out, for at least one image or target: "
                                + "network, TLS, a registry's or a disk's fault. Try again once, "
                                + "then tell a person."),
                        HelpSection.Row("64", "The command line is wrong. Repair the call."),
                        HelpSection.Row(
                            "75",
                            "Only a limit was met: a pull rate limit, throttling, a lock that another run "
                                + "holds, or --max-duration. Run again later."),
                        HelpSection.Row(
                            "77",
                            "Credentials were rejected, or access was denied. Renew the credentials."
                        ),
                        HelpSection.Row(
                            "78", "The configuration or a lock is wrong. Repair the file."),
                        HelpSection.Row(
                            "130, 143",
                            "Interrupted by SIGINT or SIGTERM. What was finished is in the lock. "
                                + "Run again."),
                    ])),
            .paragraph(
                "Where several hold in one run, the first of 78, 77, 2, 1, 75 is the code. One image's "
                    + "failure never stops the others, so --json says what became of each."),
            .paragraph("A script that runs every night may treat 75 as success:"),
            .lines(["ocimirror sync || [ $? -eq 75 ]"]),
        ])

    /// The configuration, in a page.
    static let configuration = HelpTopic(
        "configuration", "What stands in mirror.yaml, in a page.", document: "configuration.md",
        [
            .paragraph(
                "One file says what is mirrored, where it goes, and how far it is validated first. "
                    + "'ocimirror init' writes a first one, 'ocimirror plan --offline' checks it."),
            .lines([
                "version: 1",
                "platforms: [linux/amd64, linux/arm64]    # required of every image",
                "validation: content                           # index, config or content",
                "targets:",
                "  - prefix: ghcr.io/owner/mirror",
                "    lock: images.lock.yaml",
                "images:",
                "  - grafana/grafana:12.1.0",
                "  - source: quay.io/spotahome/redis-operator",
                "    tags: {semver: \">=1.2 <2\", latest: 2}",
                "  - source: minio/mc:latest",
                "    floating: true",
            ]),
            .section(
                HelpSection(
                    "Keys",
                    [
                        HelpSection.Row(
                            "top level",
                            "version platforms validation copy referrers naming keepReplaced targets "
                                + "registries images"),
                        HelpSection.Row("targets", "prefix lock root"),
                        HelpSection.Row(
                            "registries",
                            "credentials auth plainHTTP credentialsOverHTTP caFile "
                                + "clientCertificate clientKey concurrency upload reservePulls "
                                + "endpoints tokenHosts allow"),
                        HelpSection.Row(
                            "images",
                            "a reference, or: source name id tags floating requires validation copy "
                                + "referrers artifact moved exception"),
                        HelpSection.Row("tags", "a list of tags, or: semver regex latest"),
                        HelpSection.Row("exception", "platforms reason until"),
                    ])),
            .paragraph(
                "${NAME}, ${NAME:-text} and ${NAME:?message} stand for variables in credentials, "
                    + "prefixes and endpoints. Credentials are looked for in mirror.yaml, "
                    + "--auth-file or REGISTRY_AUTH_FILE, docker's and podman's files, "
                    + "GITHUB_TOKEN for ghcr.io, and Entra for Azure's registries."),
        ])
}

extension HelpSection {
    /// The words that stand for arguments.
    static let words = HelpSection(
        "Words",
        [
            HelpSection.Row(
                "ID", "an id of the lock, a name, or a glob with * and ?, in quotes; none means all"
            ),
            HelpSection.Row(
                "IMAGE",
                "a reference with a tag or a digest; oci:FOLDER:TAG and oci:FOLDER@DIGEST are images "
                    + "of a layout"),
            HelpSection.Row("TIME, SIZE", "30s, 5m, 2h; 100MiB, 4KB"),
        ])
}
