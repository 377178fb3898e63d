// SPDX-License-Identifier: Apache-2.0

public import HTTP
public import OCI

/// The special behavior of a registry, by its host name.
///
/// This table is the only code that compares host names of registries. Harbor, Artifactory, Nexus,
/// zot and distribution run under any name: what they do differently shows in their responses,
/// which are handled alike for every registry, or is learned (``LearnedCapabilities``).
public struct RegistryProfile: Sendable {
    // MARK: Addresses

    /// The host of the API, if it is not the registry's name.
    var apiHost: String?
    /// The host of another token server that may receive the credentials.
    var tokenHost: String?

    // MARK: Credentials

    /// The key in auth files and for credential helpers, if it is not the registry's name.
    var authFileKey: String?
    /// The environment variables with a token and its user.
    var tokenVariables: TokenVariables?
    /// The cloud whose Microsoft Entra identities the registry accepts.
    var azureCloud: AzureCloud?

    // MARK: Scopes of tokens

    /// A Boolean value that indicates whether one token may cover several repositories.
    ///
    /// Elsewhere only the first scope may be honored, or a token for another repository is
    /// rejected.
    var sharesTokens = false
    /// The actions that a tag listing needs in addition to `pull`.
    var tagListActions: Set<Scope.Action> = []
    /// A Boolean value that indicates whether the scope of a deletion names the action `delete`.
    var namesDeleteAction = true

    // MARK: Uploads

    /// The way blobs are uploaded first.
    var uploadDialect = UploadDialect.put
    /// The way with the smallest requests that the registry supports.
    var smallestDialect = UploadDialect.chunked
    /// A Boolean value that indicates whether a mount may succeed.
    var mountsBlobs = true
    /// A Boolean value that indicates whether content may become visible only seconds after a push.
    var isEventuallyConsistent = false

    // MARK: Responses

    /// A Boolean value that indicates whether a denial may be a rate limit, which only the text of
    /// the response shows, even where a denial otherwise means that nothing exists yet.
    var explainsDenialInBody = false
    /// The page size to request for tag listings; without one, each registry uses its own.
    var tagPageSize: Int?

    // MARK: Limits

    /// The header field with the remaining pulls.
    var remainingPullsField: String? = "ratelimit-remaining"
    /// The text in a 429 response that reports the pull rate limit instead of a short one.
    var pullLimitText: String?
    /// The upper bound of concurrent requests, of downloads, and of uploads, unless the user sets
    /// one.
    ///
    /// The numbers themselves are learned. The bound keeps the requests before the first throttling
    /// within what a registry permits in a second.
    var concurrency = 64
    /// A Boolean value that indicates whether reading a manifest counts toward a limit.
    public var limitsPulls: Bool { pullLimitText != nil }

    // MARK: Advice

    /// The way to make a new repository readable for clusters.
    public var visibilityAdvice = "give clusters a pull secret, or allow anonymous pulls"

    /// The variables with a token and its user.
    struct TokenVariables: Sendable {
        let token: String
        let user: String
        /// The permission of a token that pulls.
        let pullRight: String
        /// The permission of a token that pushes.
        let pushRight: String
        /// The way to give the token of a CI job its permission.
        let advice: String
    }
}

extension RegistryProfile {
    /// Returns the profile of a registry.
    public static func of(_ registry: RegistryHost) -> RegistryProfile {
        let name = registry.name
        for (hosts, profile) in table
        where hosts.contains(where: { $0.hasPrefix(".") ? name.hasSuffix($0) : name == $0 }) {
            return profile
        }
        return RegistryProfile()
    }

    /// The hosts, or suffixes of hosts that begin with a dot, of each profile.
    private static let table: [(hosts: [String], profile: RegistryProfile)] = [
        ([RegistryHost.dockerHub.name], dockerHub),
        (["ghcr.io"], gitHub),
        (["quay.io"], quay),
        ([".azurecr.io"], azure(.global)),
        ([".azurecr.cn"], azure(.china)),
        ([".azurecr.us"], azure(.usGovernment)),
        ([".amazonaws.com", ".amazonaws.com.cn"], amazon),
        (["public.ecr.aws"], amazonPublic),
        (["gcr.io", ".gcr.io", ".pkg.dev"], google),
        (["registry.gitlab.com"], gitLab),
    ]

    /// The names of public registries, for suggestions.
    static let publicHosts =
        table.flatMap(\.hosts).filter { !$0.hasPrefix(".") }
        + [
            "mcr.microsoft.com", "registry.k8s.io", "nvcr.io", "lscr.io", "icr.io", "cgr.dev",
            "registry.redhat.io", "docker.elastic.co",
        ]

    /// Returns a Boolean value that indicates whether a host is that of a public registry, or of a
    /// cloud's registries.
    static func isPublic(_ host: String) -> Bool {
        (table.flatMap(\.hosts) + publicHosts).contains {
            $0.hasPrefix(".") ? host.hasSuffix($0) : host == $0 || host.hasSuffix(".\($0)")
        }
    }

    /// Docker Hub.
    ///
    /// Sources: Docker's documentation of `config.json` for the key, of pull usage and limits for
    /// the field and the text, and of its abuse rate limit for the concurrency (thousands of requests
    /// per minute and address); atlanhq/application-sdk#2020 for the 400 to large PUT requests;
    /// dotnet/docker-tools#403 for tokens with several scopes.
    private static let dockerHub = make {
        $0.apiHost = "registry-1.docker.io"
        $0.tokenHost = "auth.docker.io"
        $0.authFileKey = "https://index.docker.io/v1/"
        $0.sharesTokens = true
        $0.uploadDialect = .patch
        $0.pullLimitText = "pull rate limit"
        $0.concurrency = 32
    }

    /// GitHub's container registry.
    ///
    /// Sources: GitHub's documentation of `GITHUB_TOKEN` and of package visibility;
    /// oras-project/rust-oci-client#35 for chunks above 4 MiB, and reports that only the last one of
    /// several is stored; reports of GET requests that returned 404 after a successful PUT;
    /// virtualcell/vcell#1888 for the secondary rate limit with status 403;
    /// chainguard-images/images#173 for the limit of 2,000 requests per minute.
    private static let gitHub = make {
        $0.tokenVariables = TokenVariables(
            token: "GITHUB_TOKEN", user: "GITHUB_ACTOR", pullRight: "read:packages",
            pushRight: "write:packages",
            advice: "in GitHub Actions, set 'permissions: {packages: write}'")
        $0.smallestDialect = .patch
        $0.isEventuallyConsistent = true
        $0.explainsDenialInBody = true
        $0.concurrency = 16
        $0.visibilityAdvice =
            "give clusters a pull secret, or make the packages public in their settings on GitHub"
    }

    /// Quay.
    ///
    /// Sources: google/go-containerregistry#1963 for the page size; containers/image,
    /// `docker_client.go`, for the scope parser that fails on `delete`; Quay's documentation of
    /// repository visibility; access.redhat.com/solutions/6218921 for the concurrency (a few requests
    /// per second and address, with bursts).
    private static let quay = make {
        $0.namesDeleteAction = false
        $0.tagPageSize = 100
        $0.concurrency = 16
        $0.visibilityAdvice =
            "give clusters a pull secret, or make them public in their settings"
    }

    /// Azure Container Registry.
    ///
    /// Sources: goharbor/harbor#21640 for the 413 to PUT requests above some 20 MB;
    /// goharbor/harbor#16341 for `metadata_read`; dotnet/docker-tools#403 for tokens with several
    /// scopes; Azure's documentation of anonymous pull, and of service tiers for the concurrency (1,000
    /// to 10,000 reads and 100 to 2,000 writes per minute).
    private static func azure(_ cloud: AzureCloud) -> RegistryProfile {
        make {
            $0.azureCloud = cloud
            $0.sharesTokens = true
            $0.tagListActions = [.metadataRead]
            $0.concurrency = 16
            $0.uploadDialect = .patch
            $0.visibilityAdvice =
                "give clusters a pull secret or the AcrPull role, or allow anonymous pulls from the registry"
        }
    }

    /// Amazon's private registries.
    ///
    /// Sources: aws/containers-roadmap#1459 for mounts, which an account may enable;
    /// clowdhaus/ocync#104 for blobs that are visible later.
    private static let amazon = make {
        $0.mountsBlobs = false
        $0.isEventuallyConsistent = true
    }

    /// Amazon's public registry.
    ///
    /// Source: aws/containers-roadmap#1459.
    private static let amazonPublic = make { $0.mountsBlobs = false }

    /// Google's registries.
    ///
    /// Sources: dotnet/sdk-container-builds#287 for PATCH, which is not supported;
    /// kubernetes/registry.k8s.io#153 for the quota that all requests share (60,000 per minute). A mount is answered
    /// with an upload session.
    private static let google = make {
        $0.smallestDialect = .put
        $0.mountsBlobs = false
        $0.concurrency = 32
    }

    /// GitLab.com.
    ///
    /// Sources: GitLab's documentation of the container registry for the token server; of rate limit
    /// headers for the field, which counts all requests of a minute.
    private static let gitLab = make {
        $0.tokenHost = "gitlab.com"
        $0.remainingPullsField = nil
    }

    private static func make(_ change: (inout RegistryProfile) -> Void) -> RegistryProfile {
        var profile = RegistryProfile()
        change(&profile)
        return profile
    }
}

extension Origin {
    /// Returns the origin of a registry's API.
    ///
    /// - Throws: `URLError` if the registry's host is not a canonical name or address.
    public static func of(_ registry: RegistryHost, plainHTTP: Bool) throws(URLError) -> Origin {
        let authority = RegistryProfile.of(registry).apiHost ?? registry.name
        return try Origin(scheme: plainHTTP ? .http : .https, authority: authority)
    }

    /// `host`, followed by `:port` unless it is the default port.
    var authority: String {
        port == scheme.defaultPort ? host : "\(host):\(port)"
    }
}
