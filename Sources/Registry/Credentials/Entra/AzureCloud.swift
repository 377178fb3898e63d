// SPDX-License-Identifier: Apache-2.0

internal import OCI

/// One of Azure's clouds, each of which has registries and logins of its own.
///
/// Source: Azure's list of endpoints by cloud.
enum AzureCloud: String, CaseIterable, Sendable {
    case global = "azurecr.io"
    case china = "azurecr.cn"
    case usGovernment = "azurecr.us"

    /// Tells the cloud by the registry's name; nil for any other registry.
    init?(of registry: RegistryHost) {
        guard let cloud = Self.allCases.first(where: { registry.name.hasSuffix(".\($0.rawValue)") })
        else { return nil }
        self = cloud
    }

    /// Where Microsoft Entra logs its programs in.
    var authority: String {
        switch self {
        case .global: "https://login.microsoftonline.com"
        case .china: "https://login.chinacloudapi.cn"
        case .usGovernment: "https://login.microsoftonline.us"
        }
    }

    /// What a token of Entra has to be made for so that a registry takes it, in every cloud.
    ///
    /// Source: Azure's client libraries for container registries.
    static let audience = "https://containerregistry.azure.net"
}
