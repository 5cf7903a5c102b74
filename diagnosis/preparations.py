"""Steps that exist only to be made once for many uses: a compiled pattern, a parsed template, a derived key, a TLS
context. They are known by the functions and files of the libraries that take them."""

import re
from dataclasses import dataclass
from functools import lru_cache

from perfdoctor.diagnosis.language import Language
from perfdoctor.schemas.finding import Severity
from perfdoctor.schemas.frame import Frame, FrameKind, Stack


@dataclass(frozen=True, eq=False, slots=True)
class Preparation:
    """``names`` are of functions, ``files`` of source files that do nothing else."""

    what: str
    names: re.Pattern[str]
    files: re.Pattern[str]
    cures: dict[Language | None, str]
    confidence: float
    at_most: Severity = Severity.CRITICAL


_NEVER = re.compile(r"(?!)")
_RENDERS = re.compile(r"(?:^|\.)_?(?:render|resolve)\w*(?:\.<locals>\..*)?$")
"""what a template that was compiled does, in the same files (Django's)"""
PREPARATIONS = (
    Preparation(
        "compiles regular expressions",
        re.compile(
            r"v8::internal::(?:RegExp(?:Impl)?::Compile|JSRegExp::Initialize|RegExpCompiler|RegExpParser|"
            r"Runtime_RegExpInitialize)|(?:void |bool )?v8::internal::RegExpParserImpl|Builtins_RegExpConstructor|"
            r"java\.util\.regex\.Pattern\.(?:compile|<init>)|regexp\.(?:MustCompile|Compile|compile|MatchString)|"
            r"regexp/syntax\.|(?:__)?regcomp$|re_compile|pcre2?_compile|(?:.*\s)?std::__detail::_(?:Compiler|Scanner|NFA)|"
            r"(?:.*\s)?std::(?:__cxx11::)?basic_regex<.*>::(?:basic_regex|assign|_M_compile)|regex_syntax::|"
            r"regex(?:_automata)?::(?:builders|meta::regex::Builder|nfa::thompson::compiler|nfa::thompson::builder)"
        ),
        re.compile(r"/(?:re/_(?:compiler|parser)|sre_(?:compile|parse))\.py$"),
        {
            None: "compile each expression once, before the loop or at start-up, and keep it",
            Language.PYTHON: (
                "compile each expression once (re.compile at module level, or functools.lru_cache around the function"
                " that makes it) and use its methods; re keeps only the last 512 by itself. Many words of one kind "
                "fit into one expression: '|'.join(map(re.escape, words))"
            ),
            Language.JAVASCRIPT: (
                "make each RegExp once, outside of the function, and keep it (a Map by its source if there are many);"
                " many words of one kind fit into one: new RegExp(words.join('|'), 'g')"
            ),
            Language.JAVA: (
                "keep a static final Pattern and ask its matcher(): String.matches, split and replaceAll compile "
                "theirs each time"
            ),
            Language.GO: (
                "make it once by regexp.MustCompile in a package variable: regexp.MatchString compiles each time"
            ),
            Language.C: "call regcomp once for each expression and keep the regex_t",
            Language.CPP: "keep a static const std::regex (or a map of them): its constructor compiles",
            Language.RUST: "keep it in a LazyLock<Regex>: Regex::new compiles",
        },
        0.85,
    ),
    Preparation(
        "compiles source text",
        re.compile(
            r"_PyPegen_|_PyParser_|PyParser_|PyAST_|_PyAST_|builtin_compile|_PyCompile|compiler_(?:mod|visit|body|enter)|"
            r"_PySymtable|PyTokenizer_|_PyTokenizer_|tok_|v8::internal::Compiler::GetFunctionFromEval|"
            r"v8::internal::(?:Builtin_FunctionConstructor|\(anonymous namespace\)::CreateDynamicFunction)|"
            r"node::contextify::ContextifyScript::New|text/template\.\(\*Template\)\.Parse|text/template/parse\.|"
            r"html/template\.\(\*Template\)\.Parse|java\.text\.\w+Format\.(?:<init>|compile|applyPattern)|"
            r"java\.time\.format\.DateTimeFormatterBuilder\.|org\.codehaus\.janino\.|javax\.tools\."
        ),
        re.compile(
            r"/(?:ast|tokenize)\.py$|/jinja2/(?:compiler|lexer|parser|optimizer|idtracking)\.py$|/mako/(?:lexer|parsetree|"
            r"codegen|ast|pygen)\.py$|/django/template/(?:base|defaulttags|smartif)\.py$|/chevron/tokenizer\.py$|"
            r"/(?:handlebars|ejs|pug-\w+|mustache|nunjucks)/"
        ),
        {
            None: "compile or parse each text once and keep what comes of it, by the text",
            Language.PYTHON: (
                "compile each text once and keep the code (compile() at start-up, functools.lru_cache by the text; "
                "one jinja2.Environment for all, whose get_template keeps what it compiled), or do without eval: a "
                "dict of functions, operator"
            ),
            Language.JAVASCRIPT: (
                "make the function once and keep it in a Map by its text; do without eval and new Function"
            ),
            Language.JAVA: (
                "keep the formatter: DateTimeFormatter is immutable and may be a static final (a SimpleDateFormat "
                "needs one for each thread)"
            ),
            Language.GO: "parse the templates once at start-up (template.Must in a package variable) and Execute them",
        },
        0.85,
    ),
    Preparation(
        "compiles style sheets or paths of XML",
        re.compile(
            r"com\.sun\.org\.apache\.xalan\.internal\.xsltc\.(?:compiler\.|trax\.TemplatesImpl\.defineTransletClasses)|"
            r"com\.sun\.org\.apache\.xpath\.internal\.(?:compiler\.|jaxp\.XPathImpl\.compile|XPath\.<init>)|"
            r"com\.sun\.org\.apache\.xalan\.internal\.xsltc\.trax\.TransformerFactoryImpl\.(?:newTemplates|<init>)|"
            r"javax\.xml\.(?:transform|parsers|xpath|stream|validation)\.(?:\w*FactoryFinder\.|\w+Factory\.newInstance)|"
            r"net\.sf\.saxon\.(?:style|expr\.parser|s9api\.X\w+Compiler)\.|xsltParseStylesheet\w*|xmlXPath(?:Ctxt)?Compile"
        ),
        _NEVER,
        {
            None: "compile each style sheet and each path once, and keep what comes of it",
            Language.PYTHON: "make each lxml.etree.XSLT and XPath once (at module level), and call it with what comes",
            Language.JAVA: (
                "keep the Templates of each style sheet (TransformerFactory.newTemplates, once): they serve all "
                "threads, and their newTransformer() costs little; keep each XPathExpression and each factory, one for "
                "each thread"
            ),
        },
        0.85,
    ),
    Preparation(
        "sets up TLS contexts and reads certificates",
        re.compile(
            r"_?ssl__SSLContext_(?:load|set_default)|_ssl__SSLContext$|SSL_CTX_(?:new|load_verify|set_default_verify)|"
            r"X509_STORE_(?:load|set_default)|X509_load_cert|by_(?:file|dir)_ctrl|node::crypto::(?:SecureContext|X509|"
            r"NewRootCertStore)|crypto/x509\.(?:loadSystemRoots|SystemCertPool|\(\*CertPool\)|parseCertificate)|"
            r"sun\.security\.ssl\.(?:SSLContextImpl\.engineInit|TrustStoreManager|X509TrustManagerImpl\.<init>)|"
            r"sun\.security\.x509\.X509CertImpl\.<init>"
        ),
        _NEVER,
        {
            None: "make one context at start-up and use it for all connections; better still, keep the connections",
            Language.PYTHON: (
                "make one ssl.SSLContext (or one requests.Session, httpx.Client, aiohttp.ClientSession) at start-up "
                "and use it for all connections: create_default_context reads all trusted certificates each time"
            ),
        },
        0.85,
    ),
    Preparation(
        "loads time zones, locales or formatters",
        re.compile(
            r"v8::internal::JS(?:DateTimeFormat|NumberFormat|Collator|PluralRules|RelativeTimeFormat|ListFormat|Segmenter)::New|"
            r"v8::internal::Builtin_(?:DateTimeFormat|NumberFormat|Collator)Constructor|icu_\d+::(?:Locale|NumberFormat|"
            r"DateFormat|Calendar|TimeZone|RuleBasedCollator|DecimalFormat)\S*::(?:create|init|make)|time\.LoadLocation|"
            r"java\.util\.ResourceBundle\.getBundle|java\.util\.Currency\.<|java\.text\.NumberFormat\.getInstance"
        ),
        re.compile(
            r"/zoneinfo/(?:_zoneinfo|_common|_tzpath)\.py$|/pytz/(?:tzfile|__init__)\.py$|/babel/localedata\.py$|"
            r"/dateutil/(?:zoneinfo/|tz/)"
        ),
        {
            None: "load it once and keep it, by its name",
            Language.PYTHON: "keep the zone or locale by its name (ZoneInfo(name) does, ZoneInfo.no_cache does not)",
            Language.JAVASCRIPT: (
                "make one Intl.NumberFormat, DateTimeFormat or Collator and call its format or compare: "
                "toLocaleString and localeCompare with options make theirs each time"
            ),
        },
        0.85,
    ),
    Preparation(
        "checks and compiles schemas, or works out how types are read and written,",
        re.compile(
            r"(?:.*\.)?Validator\.check_schema$|validator_for$|(?:.*\.)?ModelMetaclass\.__new__$|create_model$|"
            r"(?:.*\.)?TypeAdapter\.__init__$|javax\.xml\.(?:validation\.SchemaFactory|bind\.JAXBContext)\.new|"
            r"com\.networknt\.schema\.JsonSchemaFactory\.getSchema|"
            r"com\.fasterxml\.jackson\.databind\.(?:ObjectMapper\.<init>|introspect\.|deser\.BeanDeserializerFactory|"
            r"ser\.BeanSerializerFactory|deser\.DeserializerCache\._create|SerializerProvider\._create)"
        ),
        re.compile(
            r"/fastjsonschema/(?:generator|draft\d+)\.py$|/pydantic/_internal/_(?:generate_schema|model_construction)"
            r"\.py$|/fastavro/_schema_py\.py$|/ajv/(?:dist|lib)/compile/|/marshmallow/class_registry\.py$"
        ),
        {
            None: "prepare each schema or mapper once, at start-up, and use it for all that comes",
            Language.PYTHON: (
                "make the validator once for each schema (jsonschema: Draft202012Validator(schema), and its "
                "validate(); jsonschema.validate checks the schema itself each time; pydantic: a model or TypeAdapter"
                " at module level)"
            ),
            Language.JAVASCRIPT: "call ajv.compile once for each schema, at start-up, and keep the function",
            Language.JAVA: "keep one ObjectMapper (it is safe for all threads), JAXBContext or Schema: static final",
        },
        0.85,
    ),
    Preparation(
        "derives keys from passwords",
        re.compile(
            r"pbkdf2_hmac|PKCS5_PBKDF2|_?hashlib_(?:pbkdf2|scrypt)|EVP_PBE_scrypt|bcrypt|argon2|crypt_r$|"
            r"node::crypto::(?:PBKDF2|Scrypt)|com\.sun\.crypto\.provider\.PBKDF2|golang\.org/x/crypto/(?:pbkdf2|bcrypt|scrypt|"
            r"argon2|blowfish)"
        ),
        re.compile(r"/(?:bcrypt|argon2|passlib)/"),
        {
            None: (
                "derive the key once for each secret and keep it in memory (a token for the session, a cache by a "
                "fast keyed hash of the password with a short life): such functions are made to be slow, for guesses "
                "at a login and not for each request"
            ),
        },
        # a service for logins does just this, and should
        0.55,
        Severity.WARNING,
    ),
)


def preparation_in(stack: Stack) -> Preparation | None:
    """The one that a stack is in, by the frame nearest to its root."""
    return next((found for frame in reversed(stack) if (found := preparation_of(frame)) is not None), None)


def preparation_of(frame: Frame) -> Preparation | None:
    file = frame.file if frame.kind in (FrameKind.PYTHON, FrameKind.JAVASCRIPT) else None
    return _by_name(frame.function, file or "")


@lru_cache(maxsize=65536)
def _by_name(function: str, file: str) -> Preparation | None:
    file = "" if _RENDERS.search(function) else file
    for preparation in PREPARATIONS:
        if preparation.names.match(function) or (file and preparation.files.search(file)):
            return preparation
    return None
