"""The types of the internal API that esxcli comes through. pyvmomi does not have them, but takes them."""

from pyVmomi import VmomiSupport

SINCE = "vim.version.version7"
OPTIONAL = VmomiSupport.F_OPTIONAL
EXECUTER = "vmodl.reflect.ManagedMethodExecuter"


def register():
    _data(f"{EXECUTER}.SoapArgument", {"name": "string", "val": "string"})
    _data(f"{EXECUTER}.SoapFault", {"faultMsg": "string", "faultDetail?": "string"})
    _data(f"{EXECUTER}.SoapResult", {"response?": "string", "fault?": f"{EXECUTER}.SoapFault"})
    _managed(
        EXECUTER,
        "ExecuteSoap",
        {"moid": "string", "version": "string", "method": "string", "argument?": f"{EXECUTER}.SoapArgument[]"},
        f"{EXECUTER}.SoapResult",
    )
    # The method is called on a HostSystem, a type that is closed.
    _managed("vim.HostOfExecuter", "RetrieveManagedMethodExecuter", {}, EXECUTER)

    item = "vim.CLIInfo.Item"
    _data(item, {"name": "string", "displayName": "string", "help": "string"})
    _data("vim.CLIInfo.Hint", {"key": "string", "value": "string"})
    _data("vim.CLIInfo.Param", {"aliases?": "string[]", "flag": "boolean"}, item)
    _data("vim.CLIInfo.Method", {"param?": "vim.CLIInfo.Param[]", "hints?": "vim.CLIInfo.Hint[]"}, item)
    # As it is called in XML.
    _data("vim.CLIInfo.Info", {"method?": "vim.CLIInfo.Method[]"}, item, "VimCLIInfoInfo")
    _data("vim.EsxCLI.CLIFault", {"errMsg?": "string[]"}, "vmodl.MethodFault", "VimEsxCLICLIFault")


def register_results(types):
    """Of rows: by the name of each in XML the types of its fields."""
    for name, fields in types.items():
        _data(f"vim.EsxCLI.{name}", {f"{field}?": of for field, of in fields.items()}, wsdl_name=name)


def _data(name, fields, parent="vmodl.DynamicData", wsdl_name=None):
    VmomiSupport.CreateDataType(name, wsdl_name or _wsdl_name(name), parent, SINCE, _properties(fields))


def _managed(name, method, parameters, result):
    given = tuple((*parameter, None) for parameter in _properties(parameters))
    python_name = method[0].lower() + method[1:]
    methods = [(python_name, method, SINCE, given, (OPTIONAL, result, result), None, None)]
    VmomiSupport.CreateManagedType(name, _wsdl_name(name), "vmodl.ManagedObject", SINCE, None, methods)


def _properties(fields):
    """A name that ends with a question mark may be missing."""
    return [(name.rstrip("?"), of, SINCE, OPTIONAL if name.endswith("?") else 0) for name, of in fields.items()]


def _wsdl_name(name):
    words = name.split(".")[1:]
    return "".join(word[0].upper() + word[1:] for word in words)
