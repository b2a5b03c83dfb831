"""Pieces of which the most common passwords are made.

Our own compilation: what keeps coming back at the head of the published lists of leaked passwords, in English and
in Chinese (拼音 and numbers that are said like words), reduced to the pieces they are made of. Runs, repetitions,
years and rows of the keyboard are recognised by rule and need no entry.
"""

ENGLISH = """
password passwort passw0rd passwd pass secret letmein letme login logon admin administrator root user guest test
testing tester default changeme change welcome master access system manager service server computer internet
network windows linux ubuntu android iphone apple google facebook twitter youtube amazon microsoft oracle
samsung nokia huawei xiaomi wechat weixin alipay taobao tencent alibaba baidu yahoo hotmail gmail
monkey dragon shadow sunshine princess football baseball basketball soccer hockey tennis golf superman batman
spiderman ironman starwars trustno iloveyou loveyou ilove love lovely lover loveme forever freedom whatever
michael jordan jessica jennifer ashley daniel thomas robert matthew andrew joshua charlie george jackson
nicole amanda samantha taylor hannah anthony justin william patrick richard steven martin maggie ginger
pepper cookie summer winter spring autumn monday tuesday wednesday thursday friday saturday sunday january
february march april june july august september october november december cheese coffee chocolate banana orange
cherry flower flowers butterfly rainbow purple yellow silver golden diamond crystal killer hunter ranger
harley mustang ferrari porsche mercedes corvette yankees lakers cowboys eagles steelers arsenal chelsea
liverpool barcelona barca madrid united juventus matrix pokemon pikachu naruto minecraft fortnite nintendo
playstation xbox gaming gamer player hello world helloworld abc abcd family friends friend mother father
mommy daddy sister brother baby angel angels devil heaven jesus christ church blessed faith hope grace
money dollar business office company private public phone mobile home house school student teacher
doctor nurse police soldier america american china chinese beijing shanghai london paris berlin tokyo
york texas florida california canada australia england germany france brazil india russia
secure security safe safety hidden qwerty qwert azerty asdf asdfgh zxcv zxcvbn loyalty member members staff
owner cashier operator analyst programme program points store shop shopping demo sample example temp temporary
please enter nothing something anything everything nobody somebody cool good great best super mega
power magic music guitar piano rock star stars moon sky blue red green black white tiger lion bear wolf
eagle falcon hawk phoenix panther dolphin turtle horse puppy kitty kitten bunny rabbit chicken buster
bailey sparky lucky happy smile smiley sweet sugar honey candy cupcake peanut pumpkin snoopy mickey minnie donald
disney elephant thunder lightning storm fire water ocean river mountain forest earth sun com www http
"""

CHINESE = """
woaini woaiwo woaiwojia aini woai nihao nihaoma mima shijie zhongguo zhonghua tianxia wangyi
zhang zhangwei zhangsan wang wangwei wangfang wangli lina liwei lisi liuwei liu chen chenwei yang huang zhao zhou
sun zhu guo gao lin luo zheng liang xie song tang deng han feng cao peng zeng xiao tian dong pan
yuan cai jiang cheng wei ding ren lao laopo laogong baobao baobei qinaide xiaoming xiaohong
qwe asd zxc qweasd qweasdzxc qazwsx qaz wsx edc rfv tgb yhn ujm qazwsxedc asdasd zxczxc qqq
huiyuan jifen dianzhang shouyin guanli guanliyuan guke dingdan mendian denglu yonghu gongsi
5201314 1314520 1314521 521521 520520 13145 520 1314 521 7758521 7758258 584520 1573 886 168 518 588 666 888 999
147258369 147258 258369 789456 456789 159357 357159 159753 963852741 741852963 147852 123321 112233 121212
"""

ROWS = (
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0",
    "qazwsxedcrfvtgbyhnujmikolp",
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "azertyuiop",
    "!@#$%^&*()",
)
"""What fingers and heads walk along, forwards or backwards."""
